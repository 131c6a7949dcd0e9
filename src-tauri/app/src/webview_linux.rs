//! What WebKitGTK needs to be told that neither Tauri nor wry tell it.
//!
//! `webkit2gtk` 2.0 does not bind the feature list (WebKitGTK 2.42), so its four functions are declared here.

use std::ffi::{CStr, c_char, c_int};

use webkit2gtk::glib::translate::ToGlibPtr;
use webkit2gtk::{SettingsExt, WebViewExt};

/// Camera frames in a Worker (`MediaStreamTrackProcessor`, `VideoTrackGenerator`), off by default in WebKitGTK 2.50.
const FEATURE: &CStr = c"MediaStreamTrackProcessing";

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

/// Turns on what the polyfill's worker needs, and the mock camera where asked for. Before the page starts a worker.
pub fn prepare(webview: &tauri::webview::PlatformWebview, fake_camera: bool) {
    let Some(settings) = webview.inner().settings() else {
        tracing::error!("the webview has no settings; video can't be sent");
        return;
    };
    settings.set_enable_mock_capture_devices(fake_camera);
    if !enable_feature(&settings) {
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

fn enable_feature(settings: &webkit2gtk::Settings) -> bool {
    let mut found = false;
    // SAFETY: the list is owned by us until unref'd below; features are borrowed from it and used only before that;
    // identifiers are NUL-terminated strings owned by their feature; `settings` outlives the calls.
    unsafe {
        let list = webkit_settings_get_all_features();
        if list.is_null() {
            return false;
        }
        for index in 0..webkit_feature_list_get_length(list) {
            let feature = webkit_feature_list_get(list, index);
            let identifier = webkit_feature_get_identifier(feature);
            if !identifier.is_null() && CStr::from_ptr(identifier) == FEATURE {
                webkit_settings_set_feature_enabled(settings.to_glib_none().0, feature, 1);
                found = true;
            }
        }
        webkit_feature_list_unref(list);
    }
    found
}
