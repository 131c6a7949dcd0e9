//! Identity, contacts, sealed envelope, the call state machine and the ICE policy of Ringdown: (now, input) in, outputs out
