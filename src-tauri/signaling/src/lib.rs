//! Signaling of Ringdown: wire frames, the WebSocket client, the axum server. Payloads are opaque bytes to it
