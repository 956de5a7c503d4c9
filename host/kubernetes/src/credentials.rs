//! What is shown to an API server, fetched anew for each look: files and commands may have changed.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use kube::config::AuthInfo;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::access::{Access, Place};
use crate::exec::{Commands, Key};
use crate::faults::{Outcome, invalid};
use crate::files::{Files, Named};
use crate::step::{Progress, Step};

/// A certificate and its key, PEM.
pub(crate) type Certificate = (Zeroizing<Vec<u8>>, Zeroizing<Vec<u8>>);

/// What is shown to an API server.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// For the header of every request; absent: there is nothing to be shown in one.
    pub(crate) authorization: Option<HeaderValue>,
    /// Whom one acts as.
    pub(crate) act_as: AuthInfo,
    /// For the TLS handshake.
    pub(crate) certificate: Option<Certificate>,
    /// What they are, for sentences; absent: there are none.
    pub(crate) called: Option<&'static str>,
    /// When the token says that it expires, in milliseconds since 1970.
    pub(crate) expires: Option<u64>,
    /// The command that printed them.
    pub(crate) command: Option<Key>,
}

/// Fetches them.
///
/// # Errors
/// A file or a command fails.
pub(crate) async fn fetch(
    access: &Access,
    commands: &Commands,
    progress: &Progress,
) -> Outcome<Credentials> {
    progress.begins(Step::Reading);
    let login = &access.login;
    let mut certificate = match &login.certificate {
        None => None,
        Some((certificate, key)) => Some((
            pem(certificate, &access.files).await?.into_owned(),
            pem(key, &access.files).await?.into_owned(),
        )),
    };
    // As for kubectl, a file's token counts before the kubeconfig's.
    let mut token = match &login.token_file {
        None => login.token.clone(),
        Some(file) => Some(token_of(file, &access.files).await?),
    };
    let mut command = None;
    if let Some(exec) = &login.exec {
        let (key, printed) = commands.credentials(exec, &access.server, progress).await?;
        command = Some(key);
        token = printed.token.or(token);
        certificate = printed.certificate.map_or(certificate, |(certificate, key)| {
            let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
            Some((bytes(&certificate), bytes(key.expose_secret())))
        });
    }
    let basic = login.basic.clone().filter(|_| token.is_none());
    let called = match (&token, &basic, &certificate, &command) {
        (_, _, _, Some(_)) => Some("what the kubeconfig's command printed"),
        (Some(_), _, _, None) => Some("the token"),
        (None, Some(_), _, None) => Some("the user and password"),
        (None, None, Some(_), None) => Some("the client certificate"),
        (None, None, None, None) => None,
    };
    let odd = || {
        invalid("the kubeconfig's user has a token, or a user and password, that no header takes")
    };
    let authorization = match (&token, &basic) {
        (Some(token), _) => Some(bearer(token).ok_or_else(odd)?),
        (None, Some((user, password))) => Some(self::basic(user, password).ok_or_else(odd)?),
        (None, None) => None,
    };
    Ok(Credentials {
        expires: token.as_ref().and_then(|token| expiry(token.expose_secret())),
        authorization,
        act_as: AuthInfo {
            impersonate: login.act_as.user.clone(),
            impersonate_uid: login.act_as.uid.clone(),
            impersonate_groups: login.act_as.groups.clone(),
            impersonate_user_extra: login.act_as.extra.clone(),
            ..AuthInfo::default()
        },
        certificate,
        called,
        command,
    })
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    sensitive(&Zeroizing::new(format!("Bearer {}", token.expose_secret().trim())))
}

/// User and password, as a header has them.
pub(crate) fn basic(user: &str, password: &SecretString) -> Option<HeaderValue> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    sensitive(&Zeroizing::new(format!("Basic {}", STANDARD.encode(plain.as_bytes()))))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// What stands at a place.
///
/// # Errors
/// The file cannot be read.
pub(crate) async fn pem<'a>(
    place: &'a Place,
    files: &Files,
) -> Outcome<Cow<'a, Zeroizing<Vec<u8>>>> {
    match place {
        Place::Here(data) => Ok(Cow::Borrowed(data)),
        Place::File(file) => files.read(file).await.map(Cow::Owned),
    }
}

async fn token_of(file: &Named, files: &Files) -> Outcome<SecretString> {
    let contents = files.read(file).await?;
    match std::str::from_utf8(&contents).map(str::trim) {
        Ok(token) if !token.is_empty() && !token.chars().any(char::is_control) => Ok(token.into()),
        Ok(_) | Err(_) => Err(invalid("the file that tokenFile names has no token in it")),
    }
}

/// When a token expires, if it is one that says so. It only goes into a sentence: the server decides.
fn expiry(token: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok()?.exp.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::expiry;

    #[test]
    fn when_a_token_expires_is_read_where_it_says_so() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1795348800,"sub":"x"}"#);
        assert_eq!(expiry(&format!("h.{claims}.s")), Some(1_795_348_800_000));
        for other in
            ["", "opaque", "a.b.c", "a..", &format!("h.{}.s", URL_SAFE_NO_PAD.encode("{}"))]
        {
            assert_eq!(expiry(other), None, "{other}");
        }
    }
}
