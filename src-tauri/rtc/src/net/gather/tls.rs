//! TLS to TURN servers.

use std::io;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Failure;
use crate::servers::Host;

/// Whom to trust; read at the first connection. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tls {
    extra: Arc<[CertificateDer<'static>]>,
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Tls {
    /// Trusts what the system trusts, and these.
    pub fn new(extra: Vec<CertificateDer<'static>>) -> Self {
        Self {
            extra: extra.into(),
            config: Arc::default(),
        }
    }

    /// Says hello to the server, and makes sure that it is this one.
    pub async fn connect(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let name = match host {
            Host::Address(address) => ServerName::IpAddress((*address).into()),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| {
                Failure::unreachable("The TURN server's name cannot be in a certificate.")
            })?,
        };
        let connector = TlsConnector::from(self.config().await?);
        connector.connect(name, stream).await.map_err(|error| {
            Failure::unreachable(if is_tls(&error) {
                "The TURN server's certificate is not trusted on this computer, or TLS failed."
            } else {
                "The TURN server closed the connection."
            })
        })
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config = self.config.get_or_try_init(|| async {
            // reads files
            let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.map(|found| found.certs).unwrap_or_default());
            roots.add_parsable_certificates(self.extra.iter().cloned());
            let config =
                ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                    .with_safe_default_protocol_versions()
                    .map_err(|_| Failure::unreachable("TLS cannot be set up on this computer."))?;
            let config = config.with_root_certificates(roots).with_no_client_auth();
            Ok(Arc::new(config))
        });
        config.await.cloned()
    }
}

fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}
