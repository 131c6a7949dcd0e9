//! End-to-end tests of Ringdown in real windows
