//! Every way a call can take through a network: between two windows, and between a window and Chromium.
//!
//! `RINGDOWN_REPEAT=20` makes each call that often. The table at the end is the one in docs/NETWORK.md.

#[path = "network/doctor.rs"]
mod doctor;
#[path = "network/events.rs"]
mod events;
#[path = "network/expect.rs"]
mod expect;
#[path = "network/pair.rs"]
mod pair;
#[path = "network/scenario.rs"]
mod scenario;
#[path = "network/spot.rs"]
mod spot;
#[path = "network/table.rs"]
mod table;
#[path = "network/world.rs"]
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use ringdown_e2e::lab::{Story, Tale, run};
use ringdown_e2e::{DEAD_WINDOW, PATIENCE, Result};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::events::Change;
use crate::scenario::{Bob, SCENARIOS};
use crate::world::{LONGEST, World};

fn main() -> ExitCode {
    let Ok(runtime) = Runtime::new() else {
        eprintln!("there is no runtime to be had");
        return ExitCode::FAILURE;
    };
    let shared = Shared(Arc::new((runtime, Mutex::default())));
    let mut stories: Vec<Story> = Vec::new();
    for bob in [Bob::App, Bob::Browser] {
        let mut tell = |name: &str, tale| stories.push((format!("{}_{name}", bob.calls()), tale));
        for scenario in SCENARIOS {
            let tale = shared.tale(async move |world| world.play(bob, &scenario).await);
            tell(scenario.name, tale);
        }
        let tale =
            async move |world: &mut World| events::relay_only_tells_no_address(world, bob).await;
        tell("and_tells_no_address", shared.tale(tale));
        for change in Change::ALL {
            let tale = async move |world: &mut World| events::goes_on(world, bob, change).await;
            tell(change.name(), shared.tale(tale));
        }
        let tale = async move |world: &mut World| events::the_rendezvous_dies(world, bob).await;
        tell("and_the_rendezvous_dies", shared.tale(tale));
    }
    let tale = async |world: &mut World| events::alice_sleeps_and_wakes(world).await;
    stories.push(("alice_sleeps_and_wakes".into(), shared.tale(tale)));
    let tale = async |world: &mut World| events::credentials_end(world).await;
    stories.push(("credentials_end".into(), shared.tale(tale)));
    let tale = async |world: &mut World| events::where_no_way_leads_both_are_told(world).await;
    stories.push(("where_no_way_leads_both_are_told".into(), shared.tale(tale)));
    let tale = async |world: &mut World| doctor::the_doctor_finds_what_works(world).await;
    stories.push(("the_doctor_finds_what_works".into(), shared.tale(tale)));
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
                // A tale that panics takes the world with it.
                let begun = world.lock().await.take();
                let mut here = match begun {
                    Some(begun) => begun,
                    None => World::new().await?,
                };
                // A window that hangs would never answer, and its driver neither.
                let end = timeout((world::repeat() + 1) * LONGEST, tell(&mut here)).await;
                let mut end = end.unwrap_or_else(|_| Err("it took too long".into()));
                if let Err(error) = &end {
                    eprintln!("{error}");
                    if timeout(PATIENCE, here.tell_all()).await.is_err() {
                        end = Err(format!("{error} ({DEAD_WINDOW})").into());
                    }
                    // Whatever state they are in, the next call is made by others.
                    here.part();
                }
                *world.lock().await = Some(here);
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
