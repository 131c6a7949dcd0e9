//! The Linux WebRTC engine of Ringdown: what stands behind the RTCPeerConnection polyfill
