//! TLS on the way to a PostgreSQL: its certificate has to be good for the name in the address.
#![expect(clippy::disallowed_methods, reason = "what is believed stands in a file")]

use super::Trouble;
use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsConnector, client};

/// Debian's bundle of the authorities that it believes.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What is believed of whom.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Believes the certificates of a file, or the system's.
    pub(super) fn new(roots: Option<&Path>) -> Result<Self, Trouble> {
        let path = roots.unwrap_or(Path::new(SYSTEM));
        let cannot = |why: &dyn std::fmt::Display| {
            Trouble::new(format!(
                "cannot read certificates to believe of the database: {}: {why}; name a file with \
                 certificates (PEM) as `sslrootcert` in the address, or install ca-certificates",
                path.display()
            ))
        };
        let text = std::fs::read(path).map_err(|error| cannot(&error))?;
        let mut believed = RootCertStore::empty();
        let found = CertificateDer::pem_slice_iter(&text).filter_map(Result::ok);
        believed.add_parsable_certificates(found);
        if believed.is_empty() {
            return Err(cannot(&"it has no certificate"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| cannot(&error))?
            .with_root_certificates(believed)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// What to do about a connection that TLS did not let come about; nothing if that was not why.
pub(super) fn advice(error: &postgres::Error) -> Option<&'static str> {
    let cause = std::error::Error::source(error)?.downcast_ref::<io::Error>()?;
    let error = cause.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(error, rustls::Error::InvalidCertificate(_)).then_some(
        "; write the name that is in its certificate as the host, and the file of the authority that \
         signed it as `sslrootcert`",
    )
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Secured;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Handshake { connector: TlsConnector::from(Arc::clone(&self.0)), name })
    }
}

/// One that is about to begin.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Secured;
    type Error = io::Error;
    type Future = UnderWay;

    fn connect(self, stream: Socket) -> UnderWay {
        UnderWay(self.connector.connect(self.name, stream))
    }
}

/// One that goes on whenever the other side has said something.
pub(super) struct UnderWay(tokio_rustls::Connect<Socket>);

impl Future for UnderWay {
    type Output = io::Result<Secured>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|secured| secured.map(Secured))
    }
}

/// A connection that is encrypted.
pub(super) struct Secured(client::TlsStream<Socket>);

impl TlsStream for Secured {
    /// The certificate was checked: a password needs no binding to it.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
