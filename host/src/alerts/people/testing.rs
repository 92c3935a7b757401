//! For tests: users on a real store, with a plugin that wants to know things, and a Slack that is made up.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::ffi::OsString;

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::plugin::{About, FieldKind, Sending, Telling};
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{ComponentInspector, Config, World};

use super::*;
use crate::slack::fake::FakeSlack;

const HOST: &str = r#"
[plugins.pager]
component = "oci://example.com/pager:1"
[plugins.quiet]
component = "oci://example.com/quiet:1"
"#;

/// The pager wants a telephone number, a delay and a token; the other one nothing.
struct Declared;

impl Plugins for Declared {
    fn about(&self, plugin: Arc<Plugin>) -> BoxFuture<'_, Result<Arc<About>, String>> {
        let field = |name: &str, label: &str| Field {
            name: name.into(),
            label: label.into(),
            max_length: 20,
            ..Field::default()
        };
        let fields = vec![
            field("phone", "Mobile telephone"),
            Field {
                kind: FieldKind::Number,
                optional: true,
                default: Some("5".into()),
                ..field("delay", "Minutes to wait")
            },
            Field {
                secret: true,
                optional: true,
                ..field("token", "Token")
            },
        ];
        let title = "Pager".to_owned();
        let user_fields = (plugin.name == "pager").then_some(UserFields { title, fields });
        let about = About {
            user_fields,
            ..About::default()
        };
        Box::pin(std::future::ready(Ok(Arc::new(about))))
    }

    fn send_alert(&self, _: Arc<Plugin>, _: Telling) -> BoxFuture<'_, Result<Vec<Sending>, String>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

struct NoComponents;

impl ComponentInspector for NoComponents {
    fn inspect(&self, _: &std::path::Path) -> Result<World, String> {
        Ok(World::Command)
    }
}

pub(crate) struct House {
    pub(crate) people: Arc<People>,
    pub(crate) slack: FakeSlack,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) async fn house() -> House {
    house_with_key("2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a").await
}

pub(crate) async fn house_with_key(key: &'static str) -> House {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("innkeeper.toml");
    std::fs::create_dir(folder.path().join("workspace")).unwrap();
    std::fs::write(&file, HOST).unwrap();
    let config = Config::load(&file, &NoComponents).unwrap().config;
    let (_, current) = Current::new(Arc::new(config));
    let slack = FakeSlack::start().await;
    let secrets = Secrets::new(move |name| (name == super::super::vault::KEY).then(|| OsString::from(key)));
    House {
        people: Arc::new(People {
            store: Arc::new(Store::open(folder.path()).unwrap()),
            current,
            plugins: Arc::new(Declared),
            vault: Vault::new(Arc::new(secrets)),
            slack: Some(slack.api()),
        }),
        slack,
        folder,
    }
}
