//! How a connection came to us, and whom it may have meant by that.

use std::{net::SocketAddr, sync::Arc};

use super::{
    gate::{activity::Activity, bucket::Allowance},
    shares::Origin,
};
use crate::{challenge::Audience, limits::MAX_NAMES};

#[derive(Debug)]
pub(super) struct Arrival {
    /// Where the connection arrived.
    pub(super) local: Option<SocketAddr>,
    /// What the client called us; only to tell what is wrong, never to decide anything.
    pub(super) host: Option<Box<str>>,
    /// What everyone at the address it came from may send.
    pub(super) allowance: Allowance,
    /// What the connection does is noted here.
    pub(super) activity: Arc<Activity>,
    /// The same for everyone at that address, and says nothing about it.
    pub(super) origin: Origin,
}

impl Arrival {
    /// Every audience this connection may rightly have meant, at a server of these names.
    pub(super) fn audiences(&self, names: &[Audience]) -> impl Iterator<Item = Audience> {
        let local = self.local.map(Audience::of_address);
        let localhost = self
            .local
            .filter(|local| local.ip().to_canonical().is_loopback());
        let localhost =
            localhost.and_then(|local| format!("localhost:{}", local.port()).parse().ok());
        let names = names.iter().take(MAX_NAMES).cloned();
        names.chain(local).chain(localhost)
    }

    /// What the client seems to have called us.
    pub(super) fn called(&self) -> impl Iterator<Item = Audience> {
        let host = self.host.as_deref().unwrap_or_default();
        let plain = (!host.is_empty()).then(|| format!("{host}:80"));
        plain
            .into_iter()
            .chain([host.to_owned()])
            .filter_map(|text| text.parse().ok())
    }
}
