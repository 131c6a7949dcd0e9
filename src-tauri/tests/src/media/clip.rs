//! What is filmed: a clip with the detail, the movement and the noise that a camera's pictures have, so that an encoder
//! is kept as busy as in a real call. It is made by this program, once, and played over and over.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::bars;
use crate::Result;

/// Dots side by side.
pub const WIDTH: usize = 640;
/// Rows of dots.
pub const HEIGHT: usize = 480;
/// Pictures a second.
pub const RATE: usize = 30;
/// Pictures, after which it begins anew.
pub const PICTURES: usize = 600;
/// Bytes of a picture: planar YUV, 4:2:0.
pub const PICTURE_BYTES: usize = WIDTH * HEIGHT * 3 / 2;
/// What stands before each picture in the file.
pub const PICTURE_MARK: &[u8] = b"FRAME\n";
/// Rows of the bars.
const BAR_HEIGHT: usize = 32;
/// Side of the square that backgrounds are taken from; a power of two.
const TEXTURE: usize = 1024;

/// The file's first line (YUV4MPEG2).
#[must_use]
pub fn header() -> String {
    format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420mpeg2\n")
}

/// The clip as a file in this folder; it is made unless it is there.
///
/// # Errors
/// When the file (277 MB) can't be written.
pub fn make(folder: &Path) -> Result<PathBuf> {
    let file = folder.join(format!("clip-{WIDTH}x{HEIGHT}.y4m"));
    let whole = header().len() + PICTURES * (PICTURE_MARK.len() + PICTURE_BYTES);
    if fs::metadata(&file).is_ok_and(|there| there.len() == whole as u64) {
        return Ok(file);
    }
    fs::create_dir_all(folder)?;
    let half = file.with_extension("part");
    let mut out = BufWriter::new(File::create(&half)?);
    out.write_all(header().as_bytes())?;
    let scene = Scene::new();
    let mut picture = vec![0; PICTURE_BYTES];
    for number in 0..PICTURES {
        scene.draw(number, &mut picture);
        out.write_all(PICTURE_MARK)?;
        out.write_all(&picture)?;
    }
    out.flush()?;
    fs::rename(half, &file)?;
    Ok(file)
}

/// A wall with detail at every scale, before which a figure walks to and fro.
#[derive(Debug)]
pub struct Scene {
    wall: Vec<u8>,
    noise: Vec<i8>,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// Always the same.
    #[must_use]
    pub fn new() -> Self {
        let noise = (0..TEXTURE * TEXTURE)
            .map(|at| (scramble(at as u32) % 9) as i8 - 4)
            .collect();
        let wall = (0..TEXTURE * TEXTURE)
            .map(|at| wall(at % TEXTURE, at / TEXTURE))
            .collect();
        Self { wall, noise }
    }

    /// Draws the picture of this number into planar YUV.
    ///
    /// # Panics
    /// When `picture` is not [`PICTURE_BYTES`] long.
    pub fn draw(&self, number: usize, picture: &mut [u8]) {
        let (luma, colour) = picture.split_at_mut(WIDTH * HEIGHT);
        let turn = number as f32 / PICTURES as f32 * std::f32::consts::TAU;
        // A hand-held camera: it sways, and comes a little nearer.
        let zoom = 1.1 + 0.25 * (turn * 2.0).sin();
        let (sway_x, sway_y) = (
            300.0 + 160.0 * (turn * 3.0).sin(),
            280.0 + 90.0 * (turn * 5.0).cos(),
        );
        let figure = Figure {
            x: 320.0 + 200.0 * (turn * 6.0).sin(),
            y: 290.0 + 40.0 * (turn * 13.0).sin(),
        };
        let shift = scramble(number as u32) as usize;
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let level = match figure.at(x as f32, y as f32) {
                    Some((u, v)) => self.wall_at(u * 2.5, v * 2.5) / 2 + 90,
                    None => self.wall_at(x as f32 * zoom + sway_x, y as f32 * zoom + sway_y),
                };
                let noise = self.noise[(y * WIDTH + x + shift) % self.noise.len()];
                luma[y * WIDTH + x] = level.saturating_add_signed(noise).clamp(16, 235);
            }
        }
        let (blue, red) = colour.split_at_mut(WIDTH * HEIGHT / 4);
        for y in 0..HEIGHT / 2 {
            for x in 0..WIDTH / 2 {
                let at = y * WIDTH / 2 + x;
                let (far_x, far_y) = (x as f32 * 2.0, y as f32 * 2.0);
                (blue[at], red[at]) = match figure.at(far_x, far_y) {
                    Some((_, v)) if v < 0.0 => (110, 152),
                    Some(_) => (150, 110),
                    None => {
                        let tint = self.wall_at(far_x * zoom / 2.0 + sway_y, far_y * zoom / 2.0);
                        (118 + tint / 16, 136 - tint / 16)
                    }
                };
            }
        }
        for (bar, white) in bars::write(number as u16).into_iter().enumerate() {
            let wide = WIDTH / bars::BARS;
            for y in 0..BAR_HEIGHT {
                let row = y * WIDTH + bar * wide;
                luma[row..row + wide].fill(if white { 235 } else { 16 });
            }
        }
        let grey = WIDTH / 2 * BAR_HEIGHT / 2;
        blue[..grey].fill(128);
        red[..grey].fill(128);
    }

    fn wall_at(&self, x: f32, y: f32) -> u8 {
        let wrap = |value: f32| value as i32 as usize & (TEXTURE - 1);
        self.wall[wrap(y) * TEXTURE + wrap(x)]
    }
}

/// A head upon shoulders.
struct Figure {
    x: f32,
    y: f32,
}

impl Figure {
    /// Where on the figure a dot is, counted from its neck; none beside it.
    fn at(&self, x: f32, y: f32) -> Option<(f32, f32)> {
        let (u, v) = (x - self.x, y - self.y);
        let head = (u / 62.0).powi(2) + ((v + 75.0) / 80.0).powi(2) < 1.0;
        let shoulders = v > 0.0 && (u / 150.0).powi(2) + ((v - 140.0) / 140.0).powi(2) < 1.0;
        (head || shoulders || (v > 140.0 && u.abs() < 150.0)).then_some((u, v))
    }
}

/// Value noise of five octaves, with some straight edges as rooms have them.
fn wall(x: usize, y: usize) -> u8 {
    let mut level = 0.0;
    for (octave, weight) in [(7, 70.0), (6, 45.0), (5, 28.0), (4, 16.0), (3, 9.0)] {
        level += weight * smooth(x, y, octave);
    }
    let shelf = if y % 256 < 12 || x % 341 < 6 {
        -45.0
    } else {
        0.0
    };
    (40.0 + level + shelf) as u8
}

/// Noise between points that are `1 << octave` apart, 0 to 1.
fn smooth(x: usize, y: usize, octave: u32) -> f32 {
    let step = 1 << octave;
    let point = |x: usize, y: usize| {
        let (x, y) = (x & (TEXTURE / step - 1), y & (TEXTURE / step - 1));
        let seed = (octave << 24) as usize + y * TEXTURE + x;
        scramble(seed as u32) as f32 / u32::MAX as f32
    };
    let fade = |at: usize| {
        let share = (at % step) as f32 / step as f32;
        share * share * (3.0 - 2.0 * share)
    };
    let (left, top, across, down) = (x / step, y / step, fade(x), fade(y));
    let row = |y: usize| point(left, y) * (1.0 - across) + point(left + 1, y) * across;
    row(top) * (1.0 - down) + row(top + 1) * down
}

/// A number that looks like chance, always the same for the same one (the finalizer of MurmurHash3).
fn scramble(mut value: u32) -> u32 {
    value = (value ^ (value >> 16)).wrapping_mul(0x85EB_CA6B);
    value = (value ^ (value >> 13)).wrapping_mul(0xC2B2_AE35);
    value ^ (value >> 16)
}
