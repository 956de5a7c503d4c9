//! The key that a cluster signs the tokens of its service accounts with, and tokens that it would not give itself: the API
//! server refuses to give one for less than ten minutes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who a cluster says that its tokens are from, and for.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// When a token is good, seen from now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Validity {
    /// From now on, so long.
    For(Duration),
    /// So long that an API server refuses it after that time and no sooner.
    RefusedAfter(Duration),
    /// Until so long ago.
    Past(Duration),
}

/// The key of a cluster's tokens.
#[derive(Debug)]
pub(crate) struct Signer {
    key: KeyPair,
}

impl Signer {
    /// A new one.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)? })
    }

    /// As the API server is told it.
    pub(crate) fn private_text(&self) -> String {
        self.key.serialize_pem()
    }

    /// What the API server checks tokens with.
    pub(crate) fn public_text(&self) -> String {
        self.key.public_key_pem()
    }

    /// A token of a service account, as the cluster makes them.
    pub(crate) fn token(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
        validity: Validity,
    ) -> Result<String> {
        let (issued, expires) = times(validity)?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(self.key.subject_public_key_info()));
        let header = json!({"alg": "ES256", "kid": id});
        let claims = json!({
            "aud": [ISSUER],
            "exp": expires,
            "iat": issued,
            "iss": ISSUER,
            "nbf": issued,
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.sign(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let key = self.key.serialized_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random)
            .map_err(|rejected| anyhow!("the key of the tokens: {rejected}"))?;
        let signature = key.sign(&random, text).map_err(|_| anyhow!("a token is not signed"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// For so long an API server takes a token after its end, since clocks differ (`DefaultLeeway` of go-jose's `jwt`, with
/// which `pkg/serviceaccount` validates).
const LEEWAY: Duration = Duration::from_secs(60);

/// When a token is issued and when it expires, in seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the API server reads this machine's clock, and knows no other"
)]
fn times(validity: Validity) -> Result<(u64, u64)> {
    const HOUR: Duration = Duration::from_secs(3_600);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let (issued, expires) = match validity {
        Validity::For(time) => (now, now.checked_add(time)),
        Validity::RefusedAfter(time) => {
            (now.saturating_sub(HOUR), now.checked_add(time).and_then(|at| at.checked_sub(LEEWAY)))
        }
        Validity::Past(time) => {
            let expired = now.checked_sub(time).context("a token of before 1970")?;
            (expired.saturating_sub(HOUR), Some(expired))
        }
    };
    Ok((issued.as_secs(), expires.context("a token without an end")?.as_secs()))
}
