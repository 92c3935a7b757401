//! What people enter into secret fields, encrypted for the database.
//!
//! XChaCha20-Poly1305 with a random nonce, by a key from the environment. Whose value it is, and of which field, is part of
//! what is authenticated, so that a value that was moved to another person or field does not open. A sealed value begins
//! with the version of its form and with what its key is recognised by: a key that was changed is told apart from a value
//! that is damaged.
//!
//! ```text
//!   version 1 │ key 4 │ nonce 24 │ ciphertext and tag
//! ```

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use innkeeper_core::config::secrets::{Secret, SecretError, Secrets};
use innkeeper_core::store::PersonId;
use sha2::{Digest, Sha256};

/// The secret that holds the key: 32 bytes, in base64 or hex.
pub const KEY: &str = "INNKEEPER_SECRET_KEY";

/// The form of a sealed value.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const MARK_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + MARK_BYTES;

/// What keys are marked in. The mark says nothing of the key but whether it is the same.
const MARK: &[u8] = b"innkeeper: what people enter";

/// Padding says nothing: people lose it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why something cannot be sealed or opened. Says what to do, and nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no key.
    #[error(
        "`{KEY}` is not set, and secrets are not kept without it: make one with `openssl rand -base64 32`, and give it to the \
         host as a variable or a credential"
    )]
    NoKey,
    /// The key cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SecretError),
    /// What is there is no key.
    #[error("`{KEY}` is no key: it is 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them")]
    BadKey,
    /// It was sealed with another key.
    #[error("it was encrypted with another key than `{KEY}` is now: bring that one back, or enter the secret again")]
    OtherKey,
    /// It was sealed by a newer host.
    #[error("it was encrypted by a newer innkeeper (form {0}): enter the secret again")]
    NewerForm(u8),
    /// It is not what was sealed, or was sealed for another person or field.
    #[error("it is damaged: enter the secret again")]
    Damaged,
    /// The system has no random numbers.
    #[error("the system gives no random numbers: nothing can be encrypted")]
    NoRandomness,
}

impl VaultError {
    /// Whether it is the host's key that is missing, and not one value that is lost.
    pub const fn is_about_the_key(&self) -> bool {
        match self {
            Self::NoKey | Self::Unreadable(_) | Self::BadKey => true,
            Self::OtherKey | Self::NewerForm(_) | Self::Damaged | Self::NoRandomness => false,
        }
    }
}

/// Seals and opens what people enter into secret fields. The key is looked up each time, so that it can be changed.
pub struct Vault {
    secrets: Arc<Secrets>,
}

/// A key, and what it is recognised by.
struct Key {
    cipher: XChaCha20Poly1305,
    mark: [u8; MARK_BYTES],
}

/// Where a value belongs.
#[derive(Clone, Copy)]
struct Place<'a> {
    person: PersonId,
    plugin: &'a str,
    field: &'a str,
}

impl Vault {
    /// A vault whose key is among `secrets`.
    pub fn new(secrets: Arc<Secrets>) -> Self {
        Self { secrets }
    }

    /// Whether there is a key that can be used.
    ///
    /// # Errors
    /// There is none, or it is none.
    pub fn check(&self) -> Result<(), VaultError> {
        self.key().map(drop)
    }

    /// Encrypts what `person` entered into `field` of `plugin`.
    ///
    /// # Errors
    /// There is no key, or no randomness.
    pub fn seal(&self, person: PersonId, plugin: &str, field: &str, text: &str) -> Result<Vec<u8>, VaultError> {
        let key = self.key()?;
        let place = Place { person, plugin, field };
        let nonce = XNonce::try_generate().map_err(|_| VaultError::NoRandomness)?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + text.len() + 16);
        sealed.push(VERSION);
        sealed.extend(key.mark);
        let payload = Payload {
            msg: text.as_bytes(),
            aad: &place.associated(&sealed),
        };
        // It fails for what is longer than 256 GiB.
        let text = key.cipher.encrypt(&nonce, payload).map_err(|_| VaultError::Damaged)?;
        sealed.extend(nonce);
        sealed.extend(text);
        Ok(sealed)
    }

    /// Decrypts what [`seal`](Self::seal) gave, for the same person, plugin and field.
    ///
    /// # Errors
    /// There is no key or another one; or it is not what was sealed there.
    pub fn open(&self, person: PersonId, plugin: &str, field: &str, sealed: &[u8]) -> Result<String, VaultError> {
        let key = self.key()?;
        let place = Place { person, plugin, field };
        match sealed.first() {
            Some(&VERSION) => {}
            Some(&version) if version > VERSION => return Err(VaultError::NewerForm(version)),
            _ => return Err(VaultError::Damaged),
        }
        let (header, rest) = sealed.split_at_checked(HEADER_BYTES).ok_or(VaultError::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE_BYTES).ok_or(VaultError::Damaged)?;
        if header[1..] != key.mark {
            return Err(VaultError::OtherKey);
        }
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Damaged)?;
        let payload = Payload {
            msg: text,
            aad: &place.associated(header),
        };
        let text = key.cipher.decrypt(&nonce, payload).map_err(|_| VaultError::Damaged)?;
        String::from_utf8(text).map_err(|_| VaultError::Damaged)
    }

    fn key(&self) -> Result<Key, VaultError> {
        let secret = self.secrets.get(KEY)?.ok_or(VaultError::NoKey)?;
        Key::of(&secret)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Key {
    fn of(secret: &Secret) -> Result<Self, VaultError> {
        let text = secret.expose().trim();
        let bytes = match text.len() == 2 * KEY_BYTES {
            true => hex::decode(text).map_err(|_| VaultError::BadKey)?,
            false => BASE64.decode(text).map_err(|_| VaultError::BadKey)?,
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| VaultError::BadKey)?;
        let digest = Sha256::new().chain_update(MARK).chain_update(&bytes).finalize();
        let mut mark = [0; MARK_BYTES];
        mark.copy_from_slice(&digest[..MARK_BYTES]);
        Ok(Self { cipher, mark })
    }
}

impl Place<'_> {
    /// What is authenticated with a value. Each part has one length or says its own: no two places are the same bytes.
    fn associated(self, header: &[u8]) -> Vec<u8> {
        let Self { person, plugin, field } = self;
        let plugin_bytes = (plugin.len() as u64).to_be_bytes();
        [
            header,
            &person.0.to_be_bytes(),
            &plugin_bytes,
            plugin.as_bytes(),
            field.as_bytes(),
        ]
        .concat()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use std::ffi::OsString;

    use super::*;

    const ANN: PersonId = PersonId(7);
    /// 32 bytes of 0x2a.
    const HEX: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
    const IN_BASE64: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";

    fn vault(key: &'static str) -> Vault {
        let key = move |name: &str| (name == KEY).then(|| OsString::from(key));
        Vault::new(Arc::new(Secrets::new(key)))
    }

    fn why<T: fmt::Debug>(result: Result<T, VaultError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_was_sealed_is_opened_and_cannot_be_read() {
        let sealed = vault(HEX).seal(ANN, "pager", "token", "höchst geheim").unwrap();
        assert_eq!(
            vault(HEX).open(ANN, "pager", "token", &sealed).unwrap(),
            "höchst geheim"
        );
        assert!(!sealed.windows(6).any(|bytes| bytes == b"geheim"));
        let again = vault(HEX).seal(ANN, "pager", "token", "höchst geheim").unwrap();
        assert_ne!(sealed, again, "nobody sees that two people have the same secret");
    }

    #[test]
    fn a_key_is_written_in_hex_or_base64() {
        let sealed = vault(HEX).seal(ANN, "pager", "token", "x").unwrap();
        for same in [
            IN_BASE64,
            IN_BASE64.trim_end_matches('='),
            "\tKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=\n",
        ] {
            assert_eq!(
                vault(same).open(ANN, "pager", "token", &sealed).unwrap(),
                "x",
                "{same:?}"
            );
        }
        let twice = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKipz"; // 33 bytes
        for bad in ["hunter2", "Kio=", twice, &HEX[1..], &format!("{}zz", &HEX[2..])] {
            let bad: &'static str = Box::leak(bad.to_owned().into_boxed_str());
            assert!(matches!(vault(bad).check(), Err(VaultError::BadKey)), "{bad}");
        }
    }

    #[test]
    fn a_value_belongs_to_one_person_plugin_and_field() {
        let sealed = vault(HEX).seal(ANN, "pager", "token", "x").unwrap();
        for (person, plugin, field) in [
            (PersonId(8), "pager", "token"),
            (ANN, "mail", "token"),
            (ANN, "pager", "other"),
            (ANN, "page", "rtoken"),
            (ANN, "pagert", "oken"),
        ] {
            let opened = vault(HEX).open(person, plugin, field, &sealed);
            assert!(matches!(opened, Err(VaultError::Damaged)), "{plugin} {field}");
        }
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let sealed = vault(HEX).seal(ANN, "pager", "token", "secret").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(
                vault(HEX).open(ANN, "pager", "token", &changed).is_err(),
                "byte {place}"
            );
            let short = vault(HEX).open(ANN, "pager", "token", &sealed[..place]);
            assert!(short.is_err(), "{place} bytes");
        }
    }

    #[test]
    fn whoever_reads_the_error_knows_what_to_do() {
        let sealed = vault(HEX).seal(ANN, "pager", "token", "secret").unwrap();
        let open = |vault: &Vault, sealed: &[u8]| why(vault.open(ANN, "pager", "token", sealed));
        let other = vault("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        insta::assert_snapshot!(open(&vault(""), &sealed), @"`INNKEEPER_SECRET_KEY` is not set, and secrets are not kept without it: make one with `openssl rand -base64 32`, and give it to the host as a variable or a credential");
        insta::assert_snapshot!(open(&vault("hunter2"), &sealed), @"`INNKEEPER_SECRET_KEY` is no key: it is 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them");
        insta::assert_snapshot!(open(&other, &sealed), @"it was encrypted with another key than `INNKEEPER_SECRET_KEY` is now: bring that one back, or enter the secret again");
        insta::assert_snapshot!(open(&vault(HEX), &[2]), @"it was encrypted by a newer innkeeper (form 2): enter the secret again");
        insta::assert_snapshot!(open(&vault(HEX), b""), @"it is damaged: enter the secret again");
    }
}
