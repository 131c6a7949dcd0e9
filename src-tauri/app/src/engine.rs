//! The Linux engine as the app holds it: one for the process, its events sent to the page.

use ringdown_core::call::{Direction, Phase};
use ringdown_rtc::{CameraSource, Engine, EngineConfig, Microphone, NetworkWatch};
use serde_json::{Value, json};
use tauri::{AppHandle, Emitter};

use crate::hub::HubHandle;
use crate::ipc::Snapshot;
use crate::options::Options;

/// The page's origin, which alone may open the media socket.
const ORIGIN: &str = "tauri://localhost";
/// Concert pitch, far from mains hum and inside every speech codec's band.
const TONE_HZ: f64 = 440.0;

/// Tells the hub whenever this machine is on another network, which the kernel says.
pub async fn watch_network(hub: HubHandle) {
    let mut changes = NetworkWatch::new(true);
    loop {
        changes.moved().await;
        let told = hub.ask(|hub| {
            hub.network_changed();
            Ok(())
        });
        if told.await.is_err() {
            return;
        }
    }
}

/// The engine, or why there is none.
#[derive(Clone)]
pub struct EngineHandle(Result<Engine, String>);

impl EngineHandle {
    /// Starts the engine on the current runtime. A failure is told to the page when it first asks.
    pub async fn start(app: AppHandle, options: &Options) -> Self {
        let config = EngineConfig {
            allowed_origins: vec![ORIGIN.into()],
            bind: options.bind,
            camera: if options.fake_camera {
                CameraSource::Test
            } else {
                CameraSource::System
            },
            microphone: if options.fake_microphone {
                Microphone::Tone { hz: TONE_HZ }
            } else {
                Microphone::System
            },
            ..EngineConfig::default()
        };
        let engine = match Engine::start(config).await {
            Ok(engine) => engine,
            Err(error) => {
                tracing::error!("the media engine did not start: {error}");
                return Self(Err(error.to_string()));
            }
        };
        let mut events = engine.events();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                // A window that is gone needs no events.
                let _ = app.emit("rtc", event);
            }
        });
        Self(Ok(engine))
    }

    /// What was asked to ring is silent once no call rings, whatever has become of the page.
    pub fn handle_snapshot(&self, snapshot: &Snapshot) {
        let call = snapshot.call.as_ref();
        let rings = call.is_some_and(|call| {
            call.phase == Phase::Ringing && call.direction == Direction::Incoming
        });
        if let (Ok(engine), false) = (&self.0, rings) {
            engine.stop_ringing();
        }
    }

    /// Carries out a request of the polyfill.
    ///
    /// # Errors
    /// A DOMException as `{name, message}`.
    pub async fn request(&self, hub: &HubHandle, request: Value) -> Result<Value, Value> {
        let failed = |name: &str, message: &str| json!({ "name": name, "message": message });
        match &self.0 {
            Ok(engine) => {
                let op = request.get("op").and_then(Value::as_str);
                if matches!(op, Some("open" | "setConfiguration")) {
                    // A hub that could not start knows of none.
                    let allowed = hub.ask(|hub| Ok(hub.servers_allowed_here()));
                    engine.set_own_servers(allowed.await.unwrap_or_default());
                }
                let answer = engine.request(request).await;
                answer.map_err(|error| failed(&error.name, &error.message))
            }
            Err(message) => Err(failed("NotReadableError", message)),
        }
    }
}
