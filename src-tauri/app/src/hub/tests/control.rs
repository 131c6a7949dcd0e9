//! The command line and the app that runs.

use ringdown_core::call::{EndReason, Phase};

use super::person::{Someone, friends};
use crate::control::{Control, Question, Status, ask};
use crate::ipc::UiError;

async fn asks(who: &Someone, question: Question) -> Result<Option<Status>, UiError> {
    let dir = who.dir.path().to_owned();
    tokio::task::spawn_blocking(move || ask(&dir, &question))
        .await
        .unwrap()
}

#[tokio::test]
async fn it_says_how_bob_is_and_hangs_up_for_him() {
    let (alice, bob, key) = friends().await;
    let control = Control::open(bob.dir.path(), bob.hub.clone(), |_| ()).unwrap();
    let idle = asks(&bob, Question::Status).await.unwrap().unwrap();
    assert!(idle.running && idle.online && idle.call.is_none());
    let nothing = asks(&bob, Question::HangUp).await.unwrap_err();
    assert_eq!(nothing.code, "no_call");

    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    let ringing = asks(&bob, Question::Status).await.unwrap().unwrap();
    assert!(
        ringing.to_string().contains("Alice is calling."),
        "{ringing}"
    );
    assert_eq!(asks(&bob, Question::HangUp).await.unwrap(), None);
    alice.hears_of_end(EndReason::Declined).await;

    // Once it is gone, and even where its socket is left over, nobody answers.
    drop(control);
    loop {
        match asks(&bob, Question::Status).await {
            Err(error) if error.code == "not_running" => break,
            _ => tokio::task::yield_now().await,
        }
    }
    let again = Control::open(bob.dir.path(), bob.hub.clone(), |_| ()).unwrap();
    assert!(asks(&bob, Question::Status).await.is_ok());
    drop(again);
}

#[tokio::test]
async fn a_second_start_hands_over_what_it_was_asked_for() {
    let bob = Someone::arrives("Bob").await;
    let arguments = ["ringdown", "call", "Alice"].map(String::from).to_vec();
    let open = Question::Open {
        arguments: arguments.clone(),
    };
    assert_eq!(
        asks(&bob, open.clone()).await.unwrap_err().code,
        "not_running"
    );
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let _control = Control::open(bob.dir.path(), bob.hub.clone(), move |arguments| {
        started.send(arguments.to_vec()).unwrap();
    })
    .unwrap();
    assert_eq!(asks(&bob, open).await.unwrap(), None);
    assert_eq!(starts.recv().await, Some(arguments));
}

#[tokio::test]
async fn only_its_owner_may_ask() {
    use std::os::unix::fs::PermissionsExt as _;
    let bob = Someone::arrives("Bob").await;
    let _control = Control::open(bob.dir.path(), bob.hub.clone(), |_| ()).unwrap();
    let socket = bob.dir.path().join("control");
    let mode = socket.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Sixteen are heard at a time. Whoever comes then is heard once one of them has been, and not before.
#[tokio::test]
async fn a_crowd_of_questions_waits_its_turn() {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;
    let bob = Someone::arrives("Bob").await;
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let _control = Control::open(bob.dir.path(), bob.hub.clone(), move |arguments| {
        started.send(arguments.concat()).unwrap();
    })
    .unwrap();
    let socket = bob.dir.path().join("control");
    let says = async |stream: &mut UnixStream, word: &str| {
        let question = format!("{{\"ask\":\"open\",\"arguments\":[\"{word}\"]}}\n");
        stream.write_all(question.as_bytes()).await.unwrap();
    };
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(UnixStream::connect(&socket).await.unwrap());
    }
    let mut late = UnixStream::connect(&socket).await.unwrap();
    says(&mut late, "late").await;
    // Time enough to be heard, if there were room.
    for _ in 0..20 {
        bob.snapshot().await;
    }
    assert!(starts.try_recv().is_err());
    says(silent.last_mut().unwrap(), "early").await;
    assert_eq!(starts.recv().await.unwrap(), "early");
    assert_eq!(starts.recv().await.unwrap(), "late");
}
