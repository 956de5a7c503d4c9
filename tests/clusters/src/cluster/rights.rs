//! Users of a cluster: service accounts with rights and tokens, people with certificates, and their end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject,
};
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};

use super::{Cluster, credential};
use crate::kubeconfig::Credential;
use crate::tokens::Validity;

/// Where service accounts are made.
const NAMESPACE: &str = "swingbridge-accounts";
/// How long a token lasts that the API server gives.
const TOKEN_LASTS: Duration = Duration::from_secs(3_600);
/// How long it may take until the end of an account is known: the API server remembers who a token is for ten seconds.
const KNOWN: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// On everything that gives a service account its rights.
const LABEL: &str = "swingbridge-account";

/// What a service account may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    Everything,
    /// List and read everything, namespaces and secrets included.
    ReadEverything,
    /// List and read what is in these namespaces, and not which namespaces there are.
    ReadWithin(Vec<String>),
    /// Nothing beside what every user may: ask what it may.
    Nothing,
}

/// A service account.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// Its name, in a namespace that is there for them.
    pub name: String,
    uid: String,
    token: String,
}

impl ServiceAccount {
    /// What it shows: a token of an hour.
    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential::Token(self.token.clone())
    }

    /// As rules and logs name it.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{NAMESPACE}:{}", self.name)
    }
}

impl Cluster {
    /// Makes a service account with rights, which count when this returns.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn service_account(&self, name: &str, rights: &Rights) -> Result<ServiceAccount> {
        self.create_namespaces([NAMESPACE]).await?;
        let accounts: Api<core::ServiceAccount> = Api::namespaced(self.client().await?, NAMESPACE);
        let wanted = core::ServiceAccount { metadata: named(name), ..Default::default() };
        let made = accounts.create(&PostParams::default(), &wanted).await?;
        let uid = made.metadata.uid.context("everything has a uid")?;
        self.grant(name, rights).await?;
        let lasts = i64::try_from(TOKEN_LASTS.as_secs())?;
        let spec = TokenRequestSpec { expiration_seconds: Some(lasts), ..Default::default() };
        let request = TokenRequest { spec, ..Default::default() };
        let given = accounts.create_token_request(name, &PostParams::default(), &request).await?;
        let token = given.status.context("a token that was asked for is given")?.token;
        Ok(ServiceAccount { name: name.to_owned(), uid, token })
    }

    /// A token of a service account that is good for so long from now, which may be shorter than the API server itself would
    /// give one for.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn short_token(&self, account: &ServiceAccount, lasts: Duration) -> Result<Credential> {
        self.signed(account, Validity::For(lasts))
    }

    /// A token of a service account that is refused after so long, and after the ten seconds more for which API servers
    /// remember whom they knew.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn soon_refused_token(
        &self,
        account: &ServiceAccount,
        after: Duration,
    ) -> Result<Credential> {
        self.signed(account, Validity::RefusedAfter(after))
    }

    /// A token of a service account that was good until so long ago.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn expired_token(&self, account: &ServiceAccount, ago: Duration) -> Result<Credential> {
        self.signed(account, Validity::Past(ago))
    }

    fn signed(&self, account: &ServiceAccount, validity: Validity) -> Result<Credential> {
        let signer = &self.identity.signer;
        signer.token(NAMESPACE, &account.name, &account.uid, validity).map(Credential::Token)
    }

    /// The certificate of a person, with the rights of nobody until they are granted.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn user(&self, name: &str) -> Result<Credential> {
        self.identity.authority.client(name, None).map(|pair| credential(&pair))
    }

    /// The certificate of a person, which ran out years ago.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn expired_user(&self, name: &str) -> Result<Credential> {
        self.identity.authority.expired_client(name).map(|pair| credential(&pair))
    }

    /// Takes all rights from a service account; who it is, is still known. It counts within some tens of milliseconds.
    ///
    /// # Errors
    /// What the API server says.
    pub async fn remove_rights(&self, account: &ServiceAccount) -> Result<()> {
        let client = self.client().await?;
        let (delete, ours) = (DeleteParams::default(), of(&account.name));
        let everywhere: Api<ClusterRoleBinding> = Api::all(client.clone());
        everywhere.delete_collection(&delete, &ours).await?;
        let within: Api<RoleBinding> = Api::all(client.clone());
        for binding in within.list(&ours).await? {
            let namespace = binding.metadata.namespace.context("it is in a namespace")?;
            let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), &namespace);
            bindings.delete_collection(&delete, &ours).await?;
        }
        Ok(())
    }

    /// Deletes a service account, and returns when the API server refuses its token: after up to ten seconds.
    ///
    /// # Errors
    /// What the API server says, or that the token is still good.
    pub async fn revoke(&self, account: &ServiceAccount) -> Result<()> {
        let accounts: Api<core::ServiceAccount> = Api::namespaced(self.client().await?, NAMESPACE);
        accounts.delete(&account.name, &DeleteParams::default()).await?;
        let theirs = self.kubeconfig_of(account.credential()).client().await?;
        let begun = Instant::now();
        loop {
            match theirs.apiserver_version().await {
                Err(kube::Error::Api(status)) if status.code == 401 => return Ok(()),
                Err(error) => return Err(error.into()),
                Ok(_) => ensure!(begun.elapsed() < KNOWN, "its token is still good"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn grant(&self, name: &str, rights: &Rights) -> Result<()> {
        let client = self.client().await?;
        let reads = format!("{NAMESPACE}-{name}");
        let role = match rights {
            Rights::Nothing => return Ok(()),
            Rights::Everything => "cluster-admin",
            Rights::ReadEverything | Rights::ReadWithin(_) => {
                let roles: Api<ClusterRole> = Api::all(client.clone());
                roles.create(&PostParams::default(), &reader(&reads, name)).await?;
                &reads
            }
        };
        let subjects = Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: name.to_owned(),
            namespace: Some(NAMESPACE.to_owned()),
            api_group: None,
        }]);
        let role_ref = RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
        };
        let metadata = labelled(&reads, name);
        if let Rights::ReadWithin(namespaces) = rights {
            self.create_namespaces(namespaces.iter().map(String::as_str)).await?;
            for namespace in namespaces {
                let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), namespace);
                let (metadata, role_ref) = (metadata.clone(), role_ref.clone());
                let binding = RoleBinding { metadata, role_ref, subjects: subjects.clone() };
                bindings.create(&PostParams::default(), &binding).await?;
            }
            return Ok(());
        }
        let bindings: Api<ClusterRoleBinding> = Api::all(client);
        let binding = ClusterRoleBinding { metadata, role_ref, subjects };
        bindings.create(&PostParams::default(), &binding).await?;
        Ok(())
    }
}

fn reader(role: &str, account: &str) -> ClusterRole {
    let all = || Some(vec!["*".to_owned()]);
    let rule = PolicyRule {
        api_groups: all(),
        resources: all(),
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        ..PolicyRule::default()
    };
    let metadata = labelled(role, account);
    ClusterRole { metadata, rules: Some(vec![rule]), aggregation_rule: None }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

fn labelled(name: &str, account: &str) -> ObjectMeta {
    let labels = [(LABEL.to_owned(), account.to_owned())].into();
    ObjectMeta { labels: Some(labels), ..named(name) }
}

/// What gives an account its rights.
fn of(account: &str) -> ListParams {
    ListParams::default().labels(&format!("{LABEL}={account}"))
}
