//! What is left behind of a call, and what is not.

use ringdown_e2e::Result;
use ringdown_e2e::eventually;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::process::Program;
use ringdown_e2e::stage::{Stage, binary};

/// Their last names no library has a reason to print; by the first the stage knows whose microphone is whose.
const ALICE: &str = "Alice Quillonia";
const BOB: &str = "Bob Brandobert";

/// What descriptions and candidates are made of, in any version of WebRTC.
const OF_DESCRIPTIONS: [&str; 6] = [
    "a=ice-",
    "ice-ufrag",
    "ice-pwd",
    "fingerprint:",
    "candidate:",
    "m=audio",
];

async fn noisy(stage: &Stage, name: &str, server: &str) -> Result<Person> {
    let setup = Setup {
        arguments: vec!["--server".into(), server.into()],
        log: Some("trace".into()),
        ..Setup::default()
    };
    Person::arrive(stage, name, setup).await
}

/// The identity key and every part of the invite that tells of somebody.
async fn secrets_of(person: &Person) -> Result<Vec<String>> {
    let script = r#"const done = arguments[0];
        __TAURI__.core.invoke("load").then((state) => done([state.profile.key, state.invite]), (error) => done(String(error)))"#;
    let told = person.page().client().execute_async(script, vec![]).await?;
    let [key, invite] = [0, 1].map(|n| told[n].as_str().map(str::to_owned));
    let (key, invite) = (key.ok_or("no key")?, invite.ok_or("no invite")?);
    let token = invite
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("t="))
        .ok_or("no token in the invite")?;
    let name = person.name().rsplit(' ').next().ok_or("no name")?;
    Ok(vec![name.to_owned(), token.to_owned(), key])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_evening_leaves_no_name_key_address_or_description_in_any_log() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let server_log = stage.dir().join("server.stderr");
    let mut command = stage.command(binary("ringdown-server")?, "nobody");
    command
        .args(["--listen", "127.0.0.1:0"])
        .env("RUST_LOG", "trace")
        .stderr(std::fs::File::create(&server_log)?);
    let mut server = Program::start(&mut command)?;
    let listening = server.line().await?;
    let address = listening.rsplit(' ').next().ok_or("no address")?.to_owned();
    server.ignore_output();

    let url = format!("ws://{address}");
    let alice = noisy(&stage, ALICE, &url).await?;
    let bob = noisy(&stage, BOB, &url).await?;
    let (alices, bobs) = (secrets_of(&alice).await?, secrets_of(&bob).await?);
    // Mistakes are logged too, if anything of them is.
    let wrong = bob.invite().await?.replace("Brandobert", "Somebody");
    alice.paste_invite(&wrong, BOB).await?;
    alice.page().press("Cancel").await?;
    alice.befriend(&bob.invite().await?, BOB).await?;
    bob.befriend(&alice.invite().await?, ALICE).await?;

    alice.call_by_typing(BOB).await?;
    bob.answer(ALICE, "Decline").await?;
    alice.page().status(&format!("{BOB} declined")).await?;
    tokio::try_join!(alice.put_away(), bob.put_away())?;
    alice.talks_with(&bob).await?;
    server.kill().await?;
    bob.crash().await?;
    // Her media goes silent, and his app can't be told.
    alice.page().status("Reconnecting…").await?;
    alice.page().press("Hang up").await?;
    alice.page().status("Call ended").await?;

    let logs = eventually("Alice's log to be written", || async {
        let logs = alice.logs().await?;
        Ok(logs.contains("call ended").then_some(logs))
    })
    .await?;
    let bobs_logs = Person::logs_in(&stage, BOB).await?;
    let servers_logs = std::fs::read_to_string(&server_log)?;
    assert!(
        !bobs_logs.is_empty() && !servers_logs.is_empty(),
        "nothing was logged"
    );

    let port = address.rsplit(':').next().unwrap_or_default().to_owned();
    let never: Vec<String> = alices
        .into_iter()
        .chain(bobs)
        .chain(OF_DESCRIPTIONS.map(str::to_owned))
        .chain(["127.0.0.1".to_owned(), format!(":{port}")])
        .collect();
    for (whose, log) in [
        ("Alice's", logs),
        ("Bob's", bobs_logs),
        ("the server's", servers_logs),
    ] {
        for secret in &never {
            let told = log
                .lines()
                // WebDriver has WebKit look for an inspector, which the page's sandbox does not let it reach.
                .filter(|line| !line.contains("RemoteInspector failed to connect"))
                .find(|line| line.contains(secret));
            assert_eq!(told, None, "{whose} log tells of {secret}");
        }
    }
    Ok(())
}
