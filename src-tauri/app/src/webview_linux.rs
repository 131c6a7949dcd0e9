//! What WebKitGTK needs to be told that neither Tauri nor wry tell it.
//!
//! `webkit2gtk` 2.0 does not bind the feature list (WebKitGTK 2.42), so its four functions are declared here.

use std::ffi::{CStr, c_char, c_int};
use std::sync::OnceLock;

use webkit2gtk::WebViewExt;
use webkit2gtk::glib::gobject_ffi::{GObject, GObjectClass, g_type_class_ref};
use webkit2gtk::glib::prelude::StaticType;
use webkit2gtk::glib::translate::{IntoGlib, ToGlibPtr};

/// Pictures in and out of tracks in a Worker (`MediaStreamTrackProcessor`, `VideoTrackGenerator`), off by default in WebKitGTK 2.50.
const FEATURE: &CStr = c"MediaStreamTrackProcessing";
/// Off by default in WebKitGTK 2.50: of the window only what changed is put together anew, not the whole of it. Without a GPU that is what
/// a call costs most (docs/MEASURED.md, "What drawing costs").
const ONLY_WHAT_CHANGED: &CStr = c"UseDamagingInformationForCompositing";

type Constructed = unsafe extern "C" fn(*mut GObject);

/// What WebKit itself does when settings are made.
static CONSTRUCTED: OnceLock<Constructed> = OnceLock::new();

#[repr(C)]
struct Feature([u8; 0]);
#[repr(C)]
struct FeatureList([u8; 0]);

unsafe extern "C" {
    fn webkit_settings_get_all_features() -> *mut FeatureList;
    fn webkit_feature_list_get_length(list: *mut FeatureList) -> usize;
    fn webkit_feature_list_get(list: *mut FeatureList, index: usize) -> *mut Feature;
    fn webkit_feature_list_unref(list: *mut FeatureList);
    fn webkit_feature_get_identifier(feature: *mut Feature) -> *const c_char;
    fn webkit_settings_set_feature_enabled(
        settings: *mut webkit2gtk::ffi::WebKitSettings,
        feature: *mut Feature,
        enabled: c_int,
    );
}

/// Has every page of this process draw only what changed. Before the first window, on the main thread: a page looks at this once, when it is
/// made, and Tauri makes a view and its page in one go. So it is turned on where all settings are finished being made, as the sandbox
/// is for contexts (`sandbox.rs`). Where it can't be, pages draw as WebKit has it by itself.
pub fn draw_only_what_changed() {
    // SAFETY: the class of a registered type is initialised by the reference taken here, which is never given back, so
    // it stays valid. It begins with a GObjectClass, as every GObject's does. Nothing else reads or writes it
    // meanwhile: no settings exist yet, and this is the main thread, the only one that makes them.
    unsafe {
        let class = webkit2gtk::Settings::static_type().into_glib();
        let class = g_type_class_ref(class).cast::<GObjectClass>();
        let Some(class) = class.as_mut() else {
            return;
        };
        if let Some(constructed) = class.constructed
            && CONSTRUCTED.set(constructed).is_ok()
        {
            class.constructed = Some(construct);
        }
    }
}

/// Finishes settings as WebKit does, and turns on [`ONLY_WHAT_CHANGED`].
unsafe extern "C" fn construct(settings: *mut GObject) {
    let Some(constructed) = CONSTRUCTED.get() else {
        return;
    };
    // SAFETY: `constructed` was taken from this very class, and gets what GObject handed to it: WebKitSettings.
    let found = unsafe {
        constructed(settings);
        enable_feature(settings.cast(), ONLY_WHAT_CHANGED)
    };
    if !found {
        tracing::debug!("this WebKitGTK always draws the whole window");
    }
}

/// Turns on what the polyfill's worker needs. Before the page starts a worker.
pub fn prepare(webview: &tauri::webview::PlatformWebview) {
    let Some(settings) = webview.inner().settings() else {
        tracing::error!("the webview has no settings; video can't be sent");
        return;
    };
    // SAFETY: the pointer is that of settings which outlive the call.
    if !unsafe { enable_feature(settings.to_glib_none().0, FEATURE) } {
        tracing::error!("this WebKitGTK has no MediaStreamTrackProcessing; video can't be sent");
    }
}

/// Calls `lost` whenever the page's process has ended: it crashed, was killed, took too much memory, or was ended here.
pub fn on_lost(webview: &tauri::webview::PlatformWebview, lost: impl Fn() + 'static) {
    webview
        .inner()
        .connect_web_process_terminated(move |_, _| lost());
}

/// Ends the page's process, whatever it is in the middle of.
pub fn end_process(webview: &tauri::webview::PlatformWebview) {
    webview.inner().terminate_web_process();
}

/// Whether there is such a feature, which is on then.
///
/// # Safety
/// `settings` must be valid, and this the main thread.
unsafe fn enable_feature(settings: *mut webkit2gtk::ffi::WebKitSettings, name: &CStr) -> bool {
    let mut found = false;
    // SAFETY: the list is owned by us until unref'd below; features are borrowed from it and used only before that;
    // identifiers are NUL-terminated strings owned by their feature; `settings` are valid, as the caller says.
    unsafe {
        let list = webkit_settings_get_all_features();
        if list.is_null() {
            return false;
        }
        for index in 0..webkit_feature_list_get_length(list) {
            let feature = webkit_feature_list_get(list, index);
            let identifier = webkit_feature_get_identifier(feature);
            if !identifier.is_null() && CStr::from_ptr(identifier) == name {
                webkit_settings_set_feature_enabled(settings, feature, 1);
                found = true;
            }
        }
        webkit_feature_list_unref(list);
    }
    found
}
