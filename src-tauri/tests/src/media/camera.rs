//! A camera for Ringdown: a PipeWire of a person's own, in which the clip is the only one.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

use super::clip;
use crate::process::Program;
use crate::stage::{Stage, file_appears};
use crate::{Result, eventually};

/// A folder with PipeWire's socket, and maybe a camera there.
#[derive(Debug)]
pub struct Camera {
    runtime: PathBuf,
    /// Kept to be ended.
    _player: Child,
    _programs: [Program; 2],
}

impl Camera {
    /// Starts one for `person` that plays the clip.
    ///
    /// # Errors
    /// When PipeWire, WirePlumber or GStreamer is missing or does not come up.
    pub async fn start(stage: &Stage, person: &str, file: &Path) -> Result<Self> {
        let runtime = stage.dir().join(format!("pipewire-{person}"));
        fs::DirBuilder::new().mode(0o700).create(&runtime)?;
        let command = |program: &str| {
            let mut command = stage.command(program, person);
            command
                .env("XDG_RUNTIME_DIR", &runtime)
                .env("PIPEWIRE_RUNTIME_DIR", &runtime)
                .stderr(Stdio::null())
                .kill_on_drop(true);
            command
        };
        let mut server = Program::start(&mut command("pipewire"))?;
        server.ignore_output();
        file_appears(&runtime.join("pipewire-0")).await?;
        let mut manager = Program::start(&mut command("wireplumber"))?;
        manager.ignore_output();
        let mut player = command("gst-launch-1.0")
            .args(pipeline(person).split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("gst-launch-1.0 can't be started: {error}"))?;
        let pictures = player.stdin.take().ok_or("the player has no stdin")?;
        let clip = tokio::fs::File::open(file).await?;
        tokio::spawn(play(clip, pictures));
        eventually("the camera", || async {
            let nodes = command("pw-cli").args(["ls", "Node"]).output().await?;
            let listed = String::from_utf8_lossy(&nodes.stdout).contains(&name(person));
            Ok(listed.then_some(()))
        })
        .await?;
        Ok(Self {
            runtime,
            _player: player,
            _programs: [server, manager],
        })
    }

    /// What a program has to be told to find it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let runtime = self.runtime.display().to_string();
        ["XDG_RUNTIME_DIR", "PIPEWIRE_RUNTIME_DIR"]
            .map(|name| (name.to_owned(), runtime.clone()))
            .into()
    }
}

fn name(person: &str) -> String {
    format!("clip-{person}")
}

/// Pictures from stdin to a camera node, as fast as a camera would.
fn pipeline(person: &str) -> String {
    format!(
        "-q fdsrc blocksize={} ! rawvideoparse format=i420 width={} height={} framerate={}/1 ! clocksync ! \
         pipewiresink mode=provide stream-properties=props,media.class=Video/Source,media.role=Camera,\
         node.description=Clip,node.name={}",
        clip::PICTURE_BYTES,
        clip::WIDTH,
        clip::HEIGHT,
        clip::RATE,
        name(person)
    )
}

/// Over and over, until the player is gone.
async fn play(mut file: tokio::fs::File, mut out: ChildStdin) -> Result<()> {
    let mut picture = vec![0; clip::PICTURE_MARK.len() + clip::PICTURE_BYTES];
    loop {
        let begin = clip::header().len() as u64;
        file.seek(std::io::SeekFrom::Start(begin)).await?;
        for _ in 0..clip::PICTURES {
            file.read_exact(&mut picture).await?;
            out.write_all(&picture[clip::PICTURE_MARK.len()..]).await?;
        }
    }
}
