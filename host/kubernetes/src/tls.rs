//! TLS to API servers and proxies: who is trusted, by whose clock, and what a certificate's fingerprint is. Every
//! connection shakes hands in full, so that its server shows its certificate each time.

use std::sync::Arc;

use host_agent::{Refusal, Surroundings};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use crate::credentials::Certificate;
use crate::faults::{Outcome, invalid, kind, unauthorized, unreachable};

/// The most certificates that are taken from one text.
const MOST_CERTIFICATES: usize = 500;

/// Who vouches for a server, read.
#[derive(Debug, Clone)]
pub(crate) enum Roots<'a> {
    /// Whom this machine trusts.
    System,
    /// These, PEM.
    Given(&'a [u8]),
    /// Nobody.
    Nobody,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    clock: Arc<Clock>,
    system: OnceCell<Arc<RootCertStore>>,
}

#[derive(Debug)]
struct Clock(Arc<dyn Surroundings>);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(self.0.now())))
    }
}

impl Tls {
    pub(crate) fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Self { provider, clock: Arc::new(Clock(surroundings)), system: OnceCell::new() }
    }

    /// How a connection is made.
    ///
    /// # Errors
    /// Certificates or keys that are none.
    pub(crate) async fn config(
        &self,
        roots: Roots<'_>,
        certificate: Option<&Certificate>,
    ) -> Outcome<Arc<ClientConfig>> {
        let verifier: Arc<dyn ServerCertVerifier> = match roots {
            Roots::Nobody => Arc::new(Unvouched(Arc::clone(&self.provider))),
            Roots::System => self.verifier(self.system().await?)?,
            Roots::Given(pem) => self.verifier(store(pem)?)?,
        };
        let builder = ClientConfig::builder_with_details(
            Arc::clone(&self.provider),
            Arc::clone(&self.clock) as Arc<dyn TimeProvider>,
        )
        .with_safe_default_protocol_versions()
        .map_err(|_| Refusal::new(host_agent::Code::Internal, "no version of TLS is left"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some(certificate) => {
                let (chain, key) = own(certificate)?;
                builder.with_client_auth_cert(chain, key).map_err(|_| {
                    invalid("client-certificate and client-key of the kubeconfig do not belong together, or are of a kind \
                             that is not spoken")
                })?
            }
        };
        // A resumed session would not show the certificate again.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn verifier(&self, roots: Arc<RootCertStore>) -> Outcome<Arc<dyn ServerCertVerifier>> {
        let provider = Arc::clone(&self.provider);
        match WebPkiServerVerifier::builder_with_provider(roots, provider).build() {
            Ok(verifier) => Ok(verifier),
            Err(_) => {
                Err(invalid("certificate-authority of the kubeconfig has no certificate in it"))
            }
        }
    }

    /// Whom this machine trusts; read once.
    async fn system(&self) -> Outcome<Arc<RootCertStore>> {
        let load = || async {
            let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(loaded.map(|found| found.certs).unwrap_or_default());
            if store.is_empty() {
                return Err(invalid(
                    "the kubeconfig has no certificate-authority-data, and the machine of this agent trusts nobody by \
                     itself; give certificate-authority-data",
                ));
            }
            Ok(Arc::new(store))
        };
        self.system.get_or_try_init(load).await.cloned()
    }
}

fn store(pem: &[u8]) -> Outcome<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem).take(MOST_CERTIFICATES) {
        let added = certificate.ok().and_then(|certificate| store.add(certificate).ok());
        added.ok_or_else(|| {
            invalid("certificate-authority of the kubeconfig is no certificate in PEM")
        })?;
    }
    Ok(Arc::new(store))
}

fn own(
    (chain, key): &Certificate,
) -> Outcome<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .take(MOST_CERTIFICATES)
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("client-certificate of the kubeconfig is no certificate in PEM"))?;
    if certificates.is_empty() {
        return Err(invalid("client-certificate of the kubeconfig has no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| invalid("client-key of the kubeconfig is no private key in PEM"))?;
    Ok((certificates, key))
}

/// SHA-256 of a certificate, in hexadecimal pairs with colons.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// The name that a server's certificate must be for.
///
/// # Errors
/// It is none.
pub(crate) fn name(text: &str) -> Outcome<ServerName<'static>> {
    ServerName::try_from(text.to_owned()).map_err(|_| {
        invalid("server, or tls-server-name, of the kubeconfig's cluster is no name that a certificate could be for")
    })
}

/// What is to be done about a handshake that failed, or a connection that broke.
pub(crate) fn refusal(who: &str, error: &std::io::Error) -> Refusal {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        None => unreachable(format!(
            "{who} broke the connection off: {}; see whether an API server listens there",
            kind(error)
        )),
        Some(Error::InvalidCertificate(fault)) => certificate(who, fault),
        Some(Error::AlertReceived(alert)) => alerted(who, *alert),
        Some(Error::InvalidMessage(_)) => unreachable(format!(
            "{who} does not speak TLS; see server, its port and the proxy in the kubeconfig"
        )),
        Some(other) => unreachable(format!("the TLS handshake with {who} failed: {}", tame(other))),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add more, and has many")]
fn certificate(who: &str, fault: &CertificateError) -> Refusal {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            unreachable(format!(
                "the certificate of {who} has expired; renew it there, or see the clock of this agent"
            ))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => unreachable(
            format!("the certificate of {who} is not valid yet; see the clocks there and here"),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            invalid(format!(
                "the certificate of {who} is for another name; set server to a name that stands in it, or set \
                 tls-server-name"
            ))
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => invalid(format!(
            "the certificate of {who} is signed by nobody whom the kubeconfig trusts: another cluster answers there, or \
             its certificate authority has changed; see certificate-authority-data"
        )),
        _ => invalid(format!(
            "the certificate of {who} cannot be trusted; see certificate-authority-data"
        )),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add more, and has many")]
fn alerted(who: &str, alert: AlertDescription) -> Refusal {
    use AlertDescription as Alert;
    match alert {
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied
        | Alert::CertificateRequired => unauthorized(format!(
            "{who} does not take the client certificate ({alert:?}); see client-certificate-data"
        )),
        _ => unreachable(format!(
            "{who} ended the TLS handshake ({alert:?}); see what listens there"
        )),
    }
}

/// The library's own words, which have nothing of the other end in them beside numbers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add more, and has many")]
fn tame(error: &Error) -> &'static str {
    match error {
        Error::PeerIncompatible(_) => "it speaks no version of TLS that is safe",
        Error::PeerMisbehaved(_) => "it breaks the rules of TLS",
        Error::NoCertificatesPresented => "it shows no certificate",
        _ => "it cannot be understood",
    }
}

/// Takes every certificate, but only from somebody who has its key: a fingerprint is never somebody else's.
#[derive(Debug)]
struct Unvouched(Arc<CryptoProvider>);

impl ServerCertVerifier for Unvouched {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
