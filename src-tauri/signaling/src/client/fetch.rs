//! A small file over HTTP, trusting the same certificates as every other connection.

use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use super::dial::{Dialer, NamedBy, OfflineReason, connect};

/// From the first packet to the last byte.
const PATIENCE: Duration = Duration::from_secs(20);

impl Dialer {
    /// Gets the file at this `http` or `https` URL, of at most `limit` bytes. Follows no redirect, and says nothing about
    /// this app.
    ///
    /// # Errors
    /// See [`OfflineReason`]; `NotAServer` where there is no such file, or it is longer.
    pub async fn fetch(&self, url: &Url, limit: usize) -> Result<Vec<u8>, OfflineReason> {
        timeout(PATIENCE, self.fetch_patiently(url, limit))
            .await
            .unwrap_or(Err(OfflineReason::TimedOut))
    }

    async fn fetch_patiently(&self, url: &Url, limit: usize) -> Result<Vec<u8>, OfflineReason> {
        let host = url.host_str().ok_or(OfflineReason::BadUrl)?.to_owned();
        match url.scheme() {
            "http" => get(connect(url, NamedBy::Us).await?, url, limit).await,
            "https" => {
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
                    .map_err(|_| OfflineReason::BadUrl)?;
                let tls = TlsConnector::from(self.tls().await?);
                let stream = tls.connect(name, connect(url, NamedBy::Us).await?).await;
                get(
                    stream.map_err(|error| OfflineReason::of_io(&error))?,
                    url,
                    limit,
                )
                .await
            }
            _ => Err(OfflineReason::BadUrl),
        }
    }
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    url: &Url,
    limit: usize,
) -> Result<Vec<u8>, OfflineReason> {
    let lost = |_| OfflineReason::Lost;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(lost)?;
    // Ends with this function.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(
            HOST,
            &url[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .body(Empty::<Bytes>::new())
        .map_err(|_| OfflineReason::BadUrl)?;
    let response = sender.send_request(request).await.map_err(lost)?;
    if response.status() != StatusCode::OK {
        return Err(OfflineReason::NotAServer);
    }
    let body = Limited::new(response.into_body(), limit).collect().await;
    Ok(body
        .map_err(|_| OfflineReason::NotAServer)?
        .to_bytes()
        .into())
}
