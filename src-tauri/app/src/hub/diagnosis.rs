//! How this app is, for a report: counts and states, nothing that says who somebody is, whom they know or where they are.

use std::fmt::Write as _;

use super::Hub;
use crate::about;

impl Hub {
    /// A text that can be given to anybody.
    #[must_use]
    pub fn diagnostics(&self) -> String {
        let mut text = String::new();
        let mut line = |what: &str, how: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{what}: {how}");
        };
        let snapshot = self.snapshot();
        let settings = &self.settings;
        line("ringdown", about::VERSION.into());
        line(
            "system",
            format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        );
        line("profile", yes(self.profile.is_some()));
        line("key store", format!("{:?}", self.key_store));
        line("online", yes(snapshot.line.online));
        line("server set", yes(settings.server.is_some()));
        line("contacts", self.contacts.iter().count().to_string());
        let blocked = self.contacts.iter().filter(|contact| contact.blocked);
        line("blocked", blocked.count().to_string());
        line("requests", snapshot.requests.len().to_string());
        line("invites", snapshot.invites.len().to_string());
        line("ice policy", format!("{:?}", settings.ice_policy));
        line("ice servers", settings.ice_servers.len().to_string());
        line("rings for", format!("{} s", settings.no_answer_seconds));
        let days = settings.history_days;
        line(
            "history kept",
            days.map_or_else(|| "for ever".into(), |days| format!("{days} days")),
        );
        line("missed", snapshot.missed.to_string());
        line("quiet", yes(snapshot.quiet != crate::ipc::Quiet::Off));
        line("invisible", yes(settings.invisible));
        let phase = snapshot.call.map(|call| format!("{:?}", call.phase));
        line("call", phase.unwrap_or_else(|| "none".into()));
        for notice in &snapshot.notices {
            line("notice", notice.code.clone());
        }
        text
    }
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.into()
}
