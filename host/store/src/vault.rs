//! The vault: secrets by reference, sealed in the database.

use std::collections::HashMap;

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::port::vault::Vault;
use host_core::secret::Secret;

use crate::sql;
use crate::statement::Statement;
use crate::store::{Store, read};

const NAME: &str = "swingbridge_secrets";

#[async_trait]
impl Vault for Store {
    fn reference(&self, account: &str, value: &Secret) -> String {
        self.sealer().reference(account, value)
    }

    async fn open(&self, references: Vec<String>) -> Result<Vec<Option<Secret>>, StoreError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        self.action(|inner| async move {
            let mut link = inner.reader().await?;
            let statement = Statement::new(sql::SECRETS).list(references.iter());
            let rows = read(link.as_mut(), statement, NAME, |cells| {
                Ok((cells.text()?, cells.text()?, cells.text()?))
            });
            let mut values: HashMap<String, Secret> = HashMap::new();
            for (reference, account, sealed) in rows.await? {
                let value = inner.sealer.open(&reference, &account, &sealed);
                let value = value.ok_or_else(|| StoreError::Inconsistent {
                    table: NAME,
                    key: reference.clone(),
                    what: "it is not opened by the key that opens the others".to_owned(),
                })?;
                values.insert(reference, value);
            }
            Ok(references.iter().map(|reference| values.get(reference).cloned()).collect())
        })
        .await
    }
}
