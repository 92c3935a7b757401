//! Where the secrets of plugins are: settings in the environment of the host, what people entered in the database.

use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::secret::{PluginSecrets, SecretName, Unrevealed};
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::store::{FieldValue, PersonId, Store};

use super::vault::{Vault, VaultError};
use crate::current::Current;

/// Opens what was sealed before it was kept.
pub trait FieldVault: Send + Sync {
    /// What `person` entered into a secret field of `plugin`.
    ///
    /// # Errors
    /// There is no key, or it was sealed with another, for somebody else.
    fn open(&self, person: PersonId, plugin: &str, field: &str, sealed: &[u8]) -> Result<String, VaultError>;
}

impl FieldVault for Vault {
    fn open(&self, person: PersonId, plugin: &str, field: &str, sealed: &[u8]) -> Result<String, VaultError> {
        Self::open(self, person, plugin, field, sealed)
    }
}

/// The secrets of every plugin.
pub struct Reveal {
    current: Current,
    secrets: Arc<Secrets>,
    store: Arc<Store>,
    vault: Arc<dyn FieldVault>,
}

impl Reveal {
    /// Reads settings from `secrets`, under the names that the configuration gives now, and fields from `store`.
    pub fn new(current: Current, secrets: Arc<Secrets>, store: Arc<Store>, vault: Arc<dyn FieldVault>) -> Self {
        Self {
            current,
            secrets,
            store,
            vault,
        }
    }

    fn setting(&self, plugin: &str, setting: &str) -> Result<String, String> {
        let config = self.current.get();
        let configured = config.alerts.plugins.get(plugin);
        let name = configured
            .and_then(|plugin| plugin.secrets.get(setting))
            .ok_or_else(|| {
                format!("it names the secret `{setting}`, which is not under `secrets` of `[plugins.{plugin}]`")
            })?;
        match self.secrets.get(name) {
            Ok(Some(secret)) => Ok(secret.expose().to_owned()),
            Ok(None) => Err(format!(
                "its secret `{setting}` is missing: set the environment variable or credential `{name}`"
            )),
            Err(error) => Err(format!("its secret `{setting}`: {error}")),
        }
    }

    async fn field(&self, plugin: &str, person: PersonId, field: &str) -> Result<String, Unrevealed> {
        let fields = self.store.fields(person, plugin).await;
        let fields =
            fields.map_err(|error| Unrevealed::NotNow(format!("what people entered cannot be read: {error}")))?;
        match fields.into_iter().find(|(name, _)| name == field) {
            Some((_, FieldValue::Secret(sealed))) => {
                let opened = self.vault.open(person, plugin, field, &sealed);
                opened.map_err(|error| {
                    let why = format!("the secret field `{field}` of user {person}: {error}");
                    match error.is_about_the_key() {
                        true => Unrevealed::NotNow(why),
                        false => Unrevealed::Never(why),
                    }
                })
            }
            Some((_, FieldValue::Plain(text))) => Ok(text),
            None => Err(Unrevealed::Never(format!(
                "it names the secret field `{field}` of user {person}, who is gone or left it empty"
            ))),
        }
    }
}

impl PluginSecrets for Reveal {
    fn reveal<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> BoxFuture<'a, Result<String, Unrevealed>> {
        Box::pin(async move {
            match name {
                // Every alert needs it: none is lost until it is there.
                SecretName::Setting(setting) => self.setting(plugin, setting).map_err(Unrevealed::NotNow),
                SecretName::Field { person, field } => self.field(plugin, *person, field).await,
            }
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::ffi::OsString;

    use std::collections::BTreeMap;
    use std::time::Duration;

    use innkeeper_core::config::{ComponentSource, Limits, Plugin};
    use innkeeper_core::store::NewPerson;

    use super::*;
    use crate::testing::config;

    /// Reads what was written backwards.
    struct Mirror;

    impl FieldVault for Mirror {
        fn open(&self, _: PersonId, plugin: &str, field: &str, sealed: &[u8]) -> Result<String, VaultError> {
            let text = match String::from_utf8(sealed.to_vec()) {
                Ok(text) if text == "locked" => return Err(VaultError::NoKey),
                text => text.map_err(|_| VaultError::Damaged)?,
            };
            Ok(format!("{plugin}/{field}: {}", text.chars().rev().collect::<String>()))
        }
    }

    fn sms() -> Plugin {
        let secrets = [("token", "SMS_TOKEN"), ("other", "NOT_SET")];
        let patience = Duration::from_secs(1);
        Plugin {
            name: "sms".into(),
            component: ComponentSource::File("sms.wasm".into()),
            settings: BTreeMap::new(),
            secrets: secrets
                .map(|(name, variable)| (name.to_owned(), variable.to_owned()))
                .into(),
            http: std::iter::empty().collect(),
            limits: Limits {
                wall_time: patience,
                cpu_time: patience,
                memory: 0,
                disk: 0,
                stdout: 0,
                stderr: 0,
            },
        }
    }

    #[tokio::test]
    async fn settings_are_in_the_environment_and_what_people_entered_in_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.alerts.plugins.insert("sms".into(), Arc::new(sms()));
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let bob = NewPerson {
            name: "Bob".into(),
            email: None,
            slack: None,
            active: true,
            fallback: false,
        };
        let bob = store.add_person(bob).await.unwrap().unwrap();
        let sealed = vec![
            ("pin".to_owned(), Some(FieldValue::Secret(b"4321".to_vec()))),
            ("locked".to_owned(), Some(FieldValue::Secret(b"locked".to_vec()))),
            ("damaged".to_owned(), Some(FieldValue::Secret(vec![255]))),
            ("phone".to_owned(), Some(FieldValue::Plain("+44".into()))),
        ];
        store.set_fields(bob, "sms", sealed).await.unwrap().unwrap();
        let secrets = Secrets::new(|name| (name == "SMS_TOKEN").then(|| OsString::from("hunter2")));
        let current = Current::fixed(Arc::new(config));
        let reveal = Reveal::new(current, Arc::new(secrets), store, Arc::new(Mirror));
        let setting = |name: &str| SecretName::Setting(name.to_owned());
        let field = |name: &str| SecretName::Field {
            person: bob,
            field: name.to_owned(),
        };
        let of = async |plugin: &str, name: SecretName| reveal.reveal(plugin, &name).await;

        assert_eq!(of("sms", setting("token")).await.unwrap(), "hunter2");
        assert_eq!(of("sms", field("pin")).await.unwrap(), "sms/pin: 1234");
        assert_eq!(of("sms", field("phone")).await.unwrap(), "+44");
        let said = [
            of("sms", setting("other")).await.unwrap_err(),
            of("sms", setting("SMS_TOKEN")).await.unwrap_err(),
            of("mail", setting("token")).await.unwrap_err(),
            of("sms", field("locked")).await.unwrap_err(),
            of("mail", field("pin")).await.unwrap_err(),
            of("sms", field("damaged")).await.unwrap_err(),
        ];
        let said = said.map(|why| match why {
            Unrevealed::NotNow(why) => format!("waits: {why}"),
            Unrevealed::Never(why) => format!("never: {why}"),
        });
        insta::assert_snapshot!(said.join("\n"), @r"
        waits: its secret `other` is missing: set the environment variable or credential `NOT_SET`
        waits: it names the secret `SMS_TOKEN`, which is not under `secrets` of `[plugins.sms]`
        waits: it names the secret `token`, which is not under `secrets` of `[plugins.mail]`
        waits: the secret field `locked` of user 1: `INNKEEPER_SECRET_KEY` is not set, and secrets are not kept without it: make one with `openssl rand -base64 32`, and give it to the host as a variable or a credential
        never: it names the secret field `pin` of user 1, who is gone or left it empty
        never: the secret field `damaged` of user 1: it is damaged: enter the secret again
        ");
    }
}
