//! An invite does not stay among the arguments of a process, where every user of the computer can read it as long as that
//! runs (`ps`, /proc). A start that becomes the app with one starts itself over, in the same process, with `-` in its place
//! and the invite on standard input. A start that hands over to a running app ends at once and needs none of it.

use std::ffi::OsString;
use std::io::{self, Read as _};

use crate::options::{Action, FROM_STDIN};

/// The longest invite that is read from standard input, in bytes: more than any that is accepted, and less than a pipe
/// holds.
const MAX_LINK: u64 = 16 * 1024;

/// Why the invite can't be had. The sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Standard input gives none.
    #[error(
        "no invite came from standard input: {0}. Give it as: echo ringdown:… | ringdown add -"
    )]
    Unread(#[from] io::Error),
}

/// This start's arguments and what they ask for, with the invite itself where `-` stands for it.
///
/// # Errors
/// When it is to be read from standard input and can't be.
pub fn complete(
    action: Option<Action>,
    mut arguments: Vec<OsString>,
) -> Result<(Option<Action>, Vec<OsString>), LinkError> {
    match action {
        Some(Action::Add { link }) if link == FROM_STDIN => {
            let mut link = String::new();
            io::stdin().take(MAX_LINK).read_to_string(&mut link)?;
            let link = link.trim().to_owned();
            replace(&mut arguments, FROM_STDIN, &link);
            Ok((Some(Action::Add { link }), arguments))
        }
        action => Ok((action, arguments)),
    }
}

fn replace(arguments: &mut [OsString], what: &str, by: &str) {
    // The first is the program.
    for argument in arguments.iter_mut().skip(1).filter(|one| *one == what) {
        *argument = by.into();
    }
}

/// Starts over without the invite among the arguments. Comes back where there is none there, or where that can't be done:
/// then the app starts all the same.
#[cfg(unix)]
pub fn hide(action: Option<&Action>) {
    let Some(Action::Add { link }) = action else {
        return;
    };
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    if !arguments
        .iter()
        .skip(1)
        .any(|argument| argument == link.as_str())
    {
        return;
    }
    replace(&mut arguments, link, FROM_STDIN);
    if let Err(error) = start_over(&arguments, link) {
        eprintln!("ringdown: the invite stays among the arguments of this process: {error}");
    }
}

/// On other systems links come another way, or only their user sees the arguments.
#[cfg(not(unix))]
pub fn hide(_: Option<&Action>) {}

#[cfg(unix)]
fn start_over(arguments: &[OsString], link: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;

    if link.len() as u64 > MAX_LINK {
        return Err(io::Error::other("it is too long to be one"));
    }
    let (reader, mut writer) = io::pipe()?;
    // It fits into the pipe, so this does not wait for anybody to read.
    writer.write_all(link.as_bytes())?;
    drop(writer);
    let mut itself = std::process::Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.first() {
        itself.arg0(name);
    }
    let rest = arguments.get(1..).unwrap_or_default();
    // It comes back only when it fails.
    Err(itself.args(rest).stdin(reader).exec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_link_is_replaced() {
        let mut given = ["ringdown:a", "--hidden", "add", "ringdown:a"].map(OsString::from);
        replace(&mut given, "ringdown:a", FROM_STDIN);
        assert_eq!(given, ["ringdown:a", "--hidden", "add", "-"]);
    }

    #[test]
    fn what_is_no_invite_is_left_as_it_is() {
        let call = Some(Action::Find);
        let given = vec!["ringdown".into(), "call".into()];
        let (action, arguments) = complete(call.clone(), given.clone()).unwrap();
        assert_eq!((action, arguments), (call, given));
    }
}
