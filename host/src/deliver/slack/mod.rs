//! Delivers to Slack: posts, files and reactions, each sent once. Slack's answer is sorted into confirmed, not now, and
//! never (`sort`); when it is tried again is the outbox's to say, and what is said is the report's. What may be there already
//! is looked for before it is posted again (`lookup`), but for files.

mod channels;
mod lookup;
mod sort;

use std::sync::Arc;

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Clock;
use innkeeper_core::message::{Address, Content, Delivery, File, Message, Post};
use innkeeper_core::outbox::{Failure, Receipt, Target};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::slack::{ApiError, Confirmed, SlackApi};
use channels::Channels;
use lookup::LookUp;

/// The `event_type` of the metadata that every post carries. Its payload names the delivery, and the run where there
/// is one, so that a delivery that was in flight when the host died can be looked for before it is sent again.
pub const METADATA_EVENT: &str = "innkeeper_delivery";

/// Sends deliveries to Slack.
#[derive(Debug)]
pub struct SlackTarget {
    api: Arc<SlackApi>,
    channels: Channels,
    look_up: LookUp,
}

/// Where in Slack something is said.
#[derive(Clone, Copy)]
struct Place<'a> {
    channel: &'a str,
    thread: Option<&'a str>,
    /// Whether an earlier attempt may have said it.
    again: bool,
}

impl SlackTarget {
    /// Sends through `api`.
    pub fn new(api: Arc<SlackApi>, clock: Arc<dyn Clock>) -> Self {
        Self {
            channels: Channels::new(Arc::clone(&api), clock),
            look_up: LookUp::new(Arc::clone(&api)),
            api,
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, Failure> {
        let again = self.look_up.is_unsure(delivery);
        match (&delivery.address, &delivery.content) {
            (
                Address::Slack {
                    channel,
                    thread,
                    or_user,
                },
                Content::Message(message),
            ) => {
                let thread = thread.as_deref();
                let said = self.say(delivery, message, Place { channel, thread, again }).await;
                match (said, or_user) {
                    (Err(error), Some(user)) if sort::is_shut_out(&error) => {
                        let direct = Place {
                            channel: user,
                            thread: None,
                            again,
                        };
                        let said = self.say(delivery, message, direct).await;
                        said.map_err(|error| sort::failure(&error, user))
                    }
                    (said, _) => said.map_err(|error| sort::failure(&error, channel)),
                }
            }
            (Address::Slack { channel, thread, .. }, Content::Progress(post)) => {
                let thread = thread.as_deref();
                let said = self.post(delivery, post, Place { channel, thread, again }).await;
                said.map_err(|error| sort::failure(&error, channel))
            }
            (Address::Slack { channel, thread, .. }, Content::Edit { post, last, .. }) => {
                let thread = thread.as_deref();
                let edited = match (self.edit(delivery.edited.as_ref(), post).await, last) {
                    // The last word is said all the same.
                    (Edited::Gone(_), true) => self.post(delivery, post, Place { channel, thread, again }).await,
                    (Edited::Gone(why), false) => return Err(Failure::Refused { why }),
                    (Edited::Answered(edited), _) => edited,
                };
                edited.map_err(|error| sort::failure(&error, channel))
            }
            (Address::Slack { channel, .. }, Content::Reply { post, .. }) => {
                let replied = self.reply(delivery, post, channel, again).await;
                replied.map_err(|error| sort::failure(&error, channel))
            }
            (Address::SlackMessage { channel, ts }, Content::Reaction { name }) => {
                let reacted = self.react(channel, ts, name).await;
                reacted.map_err(|error| sort::failure(&error, channel))
            }
            (address, _) => Err(Failure::Refused {
                why: format!("this is not something that Slack can be sent (lane {})", address.lane()),
            }),
        }
    }

    async fn say(&self, delivery: &Delivery, message: &Message, place: Place<'_>) -> Result<Receipt, ApiError> {
        match message {
            Message::Post(post) => self.post(delivery, post, place).await,
            Message::File(file) => self.upload(file, place).await,
        }
    }

    async fn post(&self, delivery: &Delivery, post: &Post, place: Place<'_>) -> Result<Receipt, ApiError> {
        #[derive(Deserialize)]
        struct Posted {
            channel: String,
            ts: String,
        }
        if place.again
            && let Some(posted) = self.look_up.find(&self.channels, delivery, place).await?
        {
            return Ok(posted);
        }
        let body = post_body(delivery, post, place);
        let posted: Result<Posted, ApiError> = self.api.post("chat.postMessage", &body).await;
        let posted = posted.inspect_err(|error| self.look_up.note(delivery, error))?;
        Ok(Receipt {
            channel: Some(posted.channel),
            ts: Some(posted.ts),
        })
    }

    /// Posts into the thread of what another delivery posted; at top level where that is not there.
    async fn reply(&self, delivery: &Delivery, post: &Post, channel: &str, again: bool) -> Result<Receipt, ApiError> {
        let top = Place {
            channel,
            thread: None,
            again,
        };
        let Some((channel, ts)) = posted_at(delivery.edited.as_ref()) else {
            return self.post(delivery, post, top).await;
        };
        let thread = Place {
            channel,
            thread: Some(ts),
            again,
        };
        match self.post(delivery, post, thread).await {
            Err(error) if sort::is_gone(&error) => self.post(delivery, post, top).await,
            replied => replied,
        }
    }

    /// Edits what another delivery posted, by what Slack said of that one.
    async fn edit(&self, posted: Option<&Receipt>, post: &Post) -> Edited {
        let Some((channel, ts)) = posted_at(posted) else {
            return Edited::Gone("the message that it edits was never posted".into());
        };
        // Blocks that are left out would stay as they were.
        let body = json!({"channel": channel, "ts": ts, "text": post.text, "blocks": post.blocks});
        let edited: Result<Confirmed, ApiError> = self.api.post("chat.update", &body).await;
        match edited {
            Err(error) if sort::is_gone(&error) => Edited::Gone(format!("{error}: the message is gone")),
            edited => Edited::Answered(edited.map(|Confirmed {}| Receipt {
                channel: Some(channel.to_owned()),
                ts: Some(ts.to_owned()),
            })),
        }
    }

    /// The three steps of an external upload. When the last one fails, Slack keeps the bytes where nobody sees them,
    /// and the next attempt begins anew. Slack takes no metadata with a file, and does not say which message shows it.
    async fn upload(&self, file: &File, place: Place<'_>) -> Result<Receipt, ApiError> {
        #[derive(Deserialize)]
        struct Slot {
            upload_url: String,
            file_id: String,
        }
        let channel = self.channels.id_of(place.channel).await?;
        let length = file.content.len().to_string();
        let slot: Slot = self
            .api
            .get(
                "files.getUploadURLExternal",
                &[("filename", &file.name), ("length", &length)],
            )
            .await?;
        self.api.upload(&slot.upload_url, &file.content).await?;
        let mut share = json!({
            "files": [{"id": slot.file_id, "title": file.name}],
            "channel_id": channel,
        });
        if let Some(thread) = place.thread {
            share["thread_ts"] = thread.into();
        }
        if let Some(comment) = &file.comment {
            share["initial_comment"] = comment.as_str().into();
        }
        let Confirmed {} = self.api.post("files.completeUploadExternal", &share).await?;
        Ok(Receipt {
            channel: Some(channel),
            ts: None,
        })
    }

    async fn react(&self, channel: &str, ts: &str, name: &str) -> Result<Receipt, ApiError> {
        let body = json!({"channel": channel, "timestamp": ts, "name": name});
        match self.api.post("reactions.add", &body).await {
            Ok(Confirmed {}) => {}
            // An earlier attempt got through and its answer did not.
            Err(error) if error.code() == Some("already_reacted") => {}
            Err(error) => return Err(error),
        }
        Ok(Receipt {
            channel: Some(channel.to_owned()),
            ts: Some(ts.to_owned()),
        })
    }
}

/// What came of an edit.
enum Edited {
    /// There is nothing to edit, and why.
    Gone(String),
    Answered(Result<Receipt, ApiError>),
}

/// Where a message is that was posted: its channel and its `ts`.
fn posted_at(receipt: Option<&Receipt>) -> Option<(&str, &str)> {
    let receipt = receipt?;
    Some((receipt.channel.as_deref()?, receipt.ts.as_deref()?))
}

impl Target for SlackTarget {
    fn send<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<Receipt, Failure>> {
        Box::pin(self.deliver(delivery))
    }
}

/// The body of `chat.postMessage`: the text as it is (no `link_names`: the text names whom it may), no previews of
/// links unless they were asked for, and the delivery's id.
fn post_body(delivery: &Delivery, post: &Post, place: Place<'_>) -> Value {
    let mut about = json!({"id": delivery.id});
    if let Some(run) = delivery.run {
        about["run"] = run.0.into();
    }
    let mut body = json!({
        "channel": place.channel,
        "text": post.text,
        "unfurl_links": post.unfurl,
        "unfurl_media": post.unfurl,
        "metadata": {"event_type": METADATA_EVENT, "event_payload": about},
    });
    if !post.blocks.is_empty() {
        body["blocks"] = post.blocks.clone().into();
    }
    if let Some(thread) = place.thread {
        body["thread_ts"] = thread.into();
    }
    body
}

#[cfg(test)]
mod tests;
