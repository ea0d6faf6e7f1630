//! TLS to a name: whether its certificate is good, and when the first of the chain ends, good or not.

use super::der;
use super::stream::Timed;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Debian's bundle of the authorities that it believes.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A connection over TLS.
pub(super) type Secured = StreamOwned<ClientConnection, Timed>;

/// What was seen of a chain of certificates.
#[derive(Debug, Default)]
pub(super) struct Chain(Mutex<Option<i64>>);

impl Chain {
    /// When the first of it ends, in Unix time.
    pub(super) fn ends(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a connection secure; nothing of what it carries is sent before the certificate was judged.
pub(super) fn secure(
    mut stream: Timed,
    name: &str,
    ca: Option<&Path>,
    chain: &Arc<Chain>,
) -> Result<Secured, String> {
    let told = |error: &dyn std::fmt::Display| format!("TLS: {error}");
    let server = ServerName::try_from(name.to_owned()).map_err(|error| told(&error))?;
    let config = Arc::new(config(ca, chain)?);
    let mut connection = ClientConnection::new(config, server).map_err(|error| told(&error))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| told(&error))?;
    }
    Ok(StreamOwned::new(connection, stream))
}

fn config(ca: Option<&Path>, chain: &Arc<Chain>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots(ca.unwrap_or(Path::new(SYSTEM)))?);
    let judge = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
    let judge = judge.map_err(|error| format!("TLS: {error}"))?;
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let witness = Witness { judge, chain: Arc::clone(chain) };
    let config = versions
        .map_err(|error| format!("TLS: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(witness))
        .with_no_client_auth();
    Ok(config)
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let text = crate::tree::plain_text(path).map_err(|error| {
        format!("cannot read certificates to believe: {}: {error}", path.display())
    })?;
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(format!("{} has no certificate (PEM)", path.display()));
    }
    Ok(roots)
}

/// Notes when a chain ends, and leaves every judgement to rustls: an expired certificate is refused,
/// and still told with its date.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    chain: Arc<Chain>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(others);
        let first = all.filter_map(|certificate| der::not_after(certificate)).min();
        *self.chain.0.lock().unwrap_or_else(PoisonError::into_inner) = first;
        self.judge.verify_server_cert(own, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
