//! From "Calling…" to why it ended; and two calls at once, with one of them on hold.

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup};
use serde_json::json;

use super::{BOB, Walk};

impl Walk<'_> {
    /// A call that does not come about, one by voice, and one that comes in.
    pub(super) async fn calls(&mut self) -> Result<()> {
        self.press("person.call_name").await?;
        self.status("status.ringing").await?;
        self.look("calling").await?;
        self.press("call.hang_up").await?;
        self.status("ended.cancelled").await?;
        self.look("ended").await?;
        self.press("ended.close").await?;

        self.press("person.voice_name").await?;
        self.bob.answer("Alice", "Accept").await?;
        self.status("status.connected").await?;
        self.look("voice-call").await?;
        self.press("call.hang_up").await?;
        self.alice.put_away().await?;
        self.bob.put_away().await?;

        self.bob.call_by_typing("Alice").await?;
        let decline = self.eyes.say("incoming.decline", json!({})).await?;
        self.page().find("button", &decline).await?;
        self.look("incoming").await?;
        self.page().press(&decline).await?;
        self.alice.put_away().await?;
        self.picture_calls().await
    }

    /// A call with pictures, during which Carol calls; and one to her when she is off.
    async fn picture_calls(&mut self) -> Result<()> {
        let carol = Person::arrive(self.stage, "Carol", Setup::default()).await?;
        for (friend, name) in [(self.alice, "Alice"), (self.bob, BOB)] {
            carol.befriend(&friend.invite().await?, name).await?;
            friend.befriend(&carol.invite().await?, "Carol").await?;
        }

        self.press("person.open").await?;
        self.press("person.call_name").await?;
        self.bob.answer("Alice", "Accept").await?;
        tokio::try_join!(self.alice.sees(BOB), self.bob.sees("Alice"))?;
        self.look("video-call").await?;
        self.hold(&carol).await?;
        self.press("call.hang_up").await?;
        self.alice.put_away().await?;
        carol.page().press("Hang up").await?;
        self.bob.put_away().await?;

        carol.leave().await?;
        self.alice.call_by_typing("Carol").await?;
        let name = json!({ "name": "Carol" });
        let unreachable = self.eyes.say("ended.unreachable", name).await?;
        self.page().status(&unreachable).await?;
        self.look("unreachable").await?;
        self.alice.put_away().await
    }

    /// Alice puts Bob on hold for Carol, and has him back; then he puts her on hold, and stays with Carol.
    async fn hold(&mut self, carol: &Person) -> Result<()> {
        carol.call_by_typing("Alice").await?;
        let hold = self.eyes.say("waiting.hold", json!({})).await?;
        self.page().find("button", &hold).await?;
        self.look("waiting").await?;
        self.page().press(&hold).await?;
        tokio::try_join!(self.alice.sees("Carol"), carol.sees("Alice"))?;
        self.look("on-hold").await?;
        self.press("call.hang_up").await?;
        carol.put_away().await?;
        tokio::try_join!(self.alice.sees(BOB), self.bob.sees("Alice"))?;

        carol.call_by_typing(BOB).await?;
        self.bob.page().press("Hold and accept").await?;
        self.status("hold.by_them").await?;
        self.look("put-on-hold").await
    }
}
