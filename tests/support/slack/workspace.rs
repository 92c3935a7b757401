//! What happens in the workspace besides talking: channels are made and archived, people become guests.

use serde_json::{Value, json};

use super::methods::{conversation, describe};
use super::state::Channel;
use super::{BOT, FakeSlack};

impl FakeSlack {
    /// Somebody makes a public channel, `#name`, which the bot is not in. With `shared`, people of another workspace
    /// are in it.
    pub async fn makes_channel(&self, name: &str, shared: bool) {
        let made = self.add_channel(name, shared);
        self.happens(json!({ "type": "channel_created", "channel": made }))
            .await;
    }

    /// The same, and no event of it reaches the bot.
    pub fn makes_channel_unheard(&self, name: &str, shared: bool) {
        self.add_channel(name, shared);
    }

    fn add_channel(&self, name: &str, shared: bool) -> Value {
        let mut state = self.state();
        let channel = Channel {
            id: format!("C0NEW{}", state.number()),
            name: name.trim_start_matches('#').to_owned(),
            has_bot: false,
            archived: false,
            private: false,
            shared,
        };
        let made = conversation(&channel);
        state.channels.push(channel);
        made
    }

    /// Waits until the bot is in a channel.
    pub async fn await_bot_in(&self, channel: &str) {
        self.await_state(&format!("the bot in {channel}"), |state| {
            state.channel(channel).filter(|channel| channel.has_bot).map(drop)
        })
        .await;
    }

    /// Whether the bot is in a channel.
    pub fn has_bot(&self, channel: &str) -> bool {
        self.state().channel(channel).is_some_and(|channel| channel.has_bot)
    }

    /// A channel becomes private.
    pub fn makes_private(&self, name: &str) {
        let id = self.channel_id(name);
        let mut state = self.state();
        for channel in state.channels.iter_mut().filter(|channel| channel.id == id) {
            channel.private = true;
        }
    }

    /// A channel is archived.
    pub fn archives(&self, channel: &str) {
        let id = self.channel_id(channel);
        let mut state = self.state();
        for channel in state.channels.iter_mut().filter(|channel| channel.id == id) {
            channel.archived = true;
        }
    }

    /// Somebody invites the bot to a channel.
    pub async fn invites_bot_to(&self, name: &str) {
        let channel = self.invites_bot_unheard(name);
        self.happens(json!({
            "type": "member_joined_channel", "user": BOT, "channel": channel, "channel_type": "C",
        }))
        .await;
    }

    /// The same, and no event of it reaches the bot. Says the channel's id.
    pub fn invites_bot_unheard(&self, name: &str) -> String {
        let id = self.channel_id(name);
        let mut state = self.state();
        for channel in state.channels.iter_mut().filter(|channel| channel.id == id) {
            channel.has_bot = true;
        }
        id
    }

    /// Somebody throws the bot out of a channel.
    pub fn throws_bot_out_of(&self, channel: &str) {
        let id = self.channel_id(channel);
        let mut state = self.state();
        for channel in state.channels.iter_mut().filter(|channel| channel.id == id) {
            channel.has_bot = false;
        }
    }

    /// An admin makes somebody a guest, or a member again; the bot is told, where its app subscribes to that.
    pub async fn makes_guest(&self, user: &str, guest: bool) {
        let change = {
            let mut state = self.state();
            let user = state.users.iter_mut().find(|known| known.id == user).unwrap();
            user.guest = guest;
            json!({ "type": "user_change", "user": describe(user) })
        };
        self.happens(change).await;
    }

    /// Delivers an event, and waits until the bot has acknowledged it.
    async fn happens(&self, event: Value) {
        let payload = self.event(&event);
        let envelope = format!("envelope-{}", self.state().number());
        self.deliver("events_api", &envelope, &payload, 0).await;
        self.await_state("the acknowledgement of what happened", |state| {
            (state.envelopes.get(&envelope) == Some(&true)).then_some(())
        })
        .await;
    }
}
