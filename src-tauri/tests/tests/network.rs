//! Every way a call can take through a network: between two windows, and between a window and Chromium.
//!
//! `RINGDOWN_REPEAT=20` makes each call that often. The table at the end is the one in docs/NETWORK.md.

#[path = "network/events.rs"]
mod events;
#[path = "network/expect.rs"]
mod expect;
#[path = "network/pair.rs"]
mod pair;
#[path = "network/scenario.rs"]
mod scenario;
#[path = "network/table.rs"]
mod table;
#[path = "network/world.rs"]
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use ringdown_e2e::Result;
use ringdown_e2e::lab::{Story, Tale, run};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::scenario::{Bob, SCENARIOS};
use crate::world::World;

/// What happens once, between two apps.
const EVENTS: [&str; 4] = [
    "relay_only_tells_no_address",
    "alice_goes_on_by_wifi",
    "the_rendezvous_dies",
    "credentials_end",
];

fn main() -> ExitCode {
    let Ok(runtime) = Runtime::new() else {
        eprintln!("there is no runtime to be had");
        return ExitCode::FAILURE;
    };
    let shared = Shared(Arc::new((runtime, Mutex::default())));
    let mut stories: Vec<Story> = Vec::new();
    for bob in [Bob::App, Bob::Browser] {
        for scenario in SCENARIOS {
            let name = format!("{}_{}", bob.calls(), scenario.name);
            stories.push((
                name,
                shared.tale(async move |world| world.play(bob, &scenario).await),
            ));
        }
    }
    for name in EVENTS {
        let tale = shared.tale(async move |world| match name {
            "relay_only_tells_no_address" => events::relay_only_tells_no_address(world).await,
            "alice_goes_on_by_wifi" => events::alice_goes_on_by_wifi(world).await,
            "the_rendezvous_dies" => events::the_rendezvous_dies(world).await,
            _ => events::credentials_end(world).await,
        });
        stories.push((name.to_owned(), tale));
    }
    let code = run(stories);
    shared.end();
    code
}

/// The world that all tales are set in, one after the other; it begins with the first.
#[derive(Clone)]
struct Shared(Arc<(Runtime, Mutex<Option<World>>)>);

impl Shared {
    fn tale<F>(&self, tell: F) -> Tale
    where
        F: AsyncFnOnce(&mut World) -> Result<()> + Send + 'static,
    {
        let shared = self.clone();
        Box::new(move || {
            let (runtime, world) = &*shared.0;
            runtime.block_on(async {
                let mut world = world.lock().await;
                if world.is_none() {
                    *world = Some(World::new().await?);
                }
                let world = world.as_mut().ok_or("no world")?;
                let end = tell(world).await;
                if let Err(error) = &end {
                    eprintln!("{error}");
                    world.tell_all().await;
                    // Whatever state they are in, the next call is made by others.
                    world.part();
                }
                end
            })
        })
    }

    /// Ends the world before the process does, which would leave namespaces behind.
    fn end(&self) {
        let (runtime, world) = &*self.0;
        if let Some(world) = runtime.block_on(world.lock()).take() {
            println!("{}", world.table());
            let _inside = runtime.enter();
            drop(world);
        }
    }
}
