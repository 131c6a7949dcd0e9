//! Test cameras, coded by the real encoder.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::*;
use crate::peer::vp8;
use crate::pipeline;

/// Longer than anything here takes; a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(20);

const WANTED: Wanted = Wanted {
    size: (640, 480),
    rate: 30,
};

fn limits() -> Limits {
    Limits {
        muted: false,
        max_bitrate: None,
        max_framerate: None,
        scale: None,
    }
}

fn video() -> Video {
    Video::new(CameraSource::Test, Page::default())
}

async fn opened(video: &Video) -> Camera {
    let opened = video.open(None, false, WANTED).await.unwrap();
    assert_eq!(opened.size, WANTED.size);
    video.camera(opened.number).unwrap()
}

/// What comes out of a sender.
fn sent(camera: &Camera, limits: Limits) -> (Sending, Receiver<Outgoing>) {
    let (sender, sent) = channel();
    let sender = Mutex::new(sender);
    let sink = Box::new(move |picture| sender.lock().unwrap().send(picture).is_ok());
    (Sending::start(camera.clone(), limits, sink), sent)
}

fn size(picture: &Outgoing) -> (u16, u16) {
    match vp8::read(&picture.data) {
        Some(vp8::Picture::Key(size)) => (size.width, size.height),
        _ => panic!("this is no key frame"),
    }
}

/// The next key frame; how many others came before it.
fn key_frame(sent: &Receiver<Outgoing>) -> (Outgoing, usize) {
    let mut others = 0;
    loop {
        let picture = sent.recv_timeout(LONG).unwrap();
        if picture.key {
            return (picture, others);
        }
        others += 1;
    }
}

#[tokio::test]
async fn what_is_sent_begins_with_a_key_frame_once_the_peer_sends_and_has_no_other_unless_asked_for()
 {
    let camera = opened(&video()).await;
    let (sending, sent) = sent(&camera, limits());
    sending.set_rate(1_500_000);
    assert!(sent.try_recv().is_err(), "nobody sends it yet");
    sending.begin();
    let first = sent.recv_timeout(LONG).unwrap();
    assert!(first.key);
    assert_eq!(size(&first), (640, 480));
    let mut last = first.timestamp;
    for _ in 0..40 {
        let picture = sent.recv_timeout(LONG).unwrap();
        assert!(!picture.key && picture.timestamp > last);
        last = picture.timestamp;
    }
    sending.want_key();
    key_frame(&sent);
    let figures = sending.figures();
    assert!(figures["framesEncoded"].as_u64() >= Some(42), "{figures:?}");
    assert_eq!(figures["keyFramesEncoded"], 2);
    assert_eq!(figures["frameWidth"], 640);
    assert_eq!(figures["qualityLimitationReason"], "none");
}

#[tokio::test]
async fn a_thin_link_gets_a_smaller_picture_and_a_roomy_one_a_large_one_again() {
    let camera = opened(&video()).await;
    let (sending, sent) = sent(&camera, limits());
    sending.set_rate(100_000);
    sending.begin();
    let (first, _) = key_frame(&sent);
    assert_eq!(size(&first), (320, 240));
    sending.set_rate(1_000_000);
    let (larger, _) = key_frame(&sent);
    assert_eq!(size(&larger), (640, 480));
}

#[tokio::test]
async fn of_a_quick_camera_every_other_picture_is_sent() {
    let video = video();
    let quick = Wanted { rate: 60, ..WANTED };
    let opened = video.open(None, false, quick).await.unwrap();
    let (sending, sent) = sent(&video.camera(opened.number).unwrap(), limits());
    sending.begin();
    let first = sent.recv_timeout(LONG).unwrap().timestamp;
    let last = (0..30).map(|_| sent.recv_timeout(LONG).unwrap().timestamp);
    // if all were sent, it would be half a second
    assert!(last.max().unwrap() - first > 900_000);
}

#[tokio::test]
async fn a_muted_camera_sends_black_now_and_then() {
    let camera = opened(&video()).await;
    let muted = Limits {
        muted: true,
        ..limits()
    };
    let (sending, sent) = sent(&camera, muted);
    sending.begin();
    let black = sent.recv_timeout(LONG).unwrap();
    let next = sent.recv_timeout(LONG).unwrap();
    assert!(next.timestamp - black.timestamp >= 900_000, "one a second");
    assert!(
        black.data.len() < 2000 && next.data.len() < 200,
        "{}",
        black.data.len()
    );
    sending.set_limits(limits());
    let (seen, _) = key_frame(&sent);
    assert!(seen.data.len() > black.data.len(), "a picture again");
}

#[tokio::test]
async fn a_sink_without_room_is_followed_by_a_key_frame() {
    let camera = opened(&video()).await;
    let (sender, sent) = channel();
    let sender = Mutex::new((sender, 0));
    let sending = Sending::start(
        camera,
        limits(),
        Box::new(move |picture: Outgoing| {
            let mut sender = sender.lock().unwrap();
            sender.1 += 1;
            if sender.1 == 20 {
                return false;
            }
            sender.0.send(picture).is_ok()
        }),
    );
    sending.begin();
    assert!(sent.recv_timeout(LONG).unwrap().key);
    let (_, between) = key_frame(&sent);
    assert!(between >= 18, "not before it was lost");
}

#[tokio::test]
async fn one_camera_is_opened_once_for_all_who_want_it_and_closed_after_the_last() {
    let video = video();
    let first = opened(&video).await;
    let second = opened(&video).await;
    assert!(Arc::ptr_eq(&first.source, &second.source));
    assert_ne!(first.number, second.number);
    let source = Arc::downgrade(&first.source);
    video.end(first.number);
    drop(first);
    assert!(source.upgrade().is_some());
    video.end(second.number);
    assert!(video.camera(second.number).is_none());
    drop(second);
    assert!(source.upgrade().is_none());
}

#[tokio::test]
async fn a_page_that_went_while_a_camera_opened_has_left_none_open() {
    let video = video();
    let (late, ()) = tokio::join!(video.open(None, false, WANTED), async { video.rest() });
    assert_eq!(late, Err(VideoError::PageGone));
    assert!(video.inner.open().held.is_empty());
    opened(&video).await;
}

#[tokio::test]
async fn a_camera_that_is_not_there_is_refused_where_it_must_be_that_one() {
    let video = video();
    let absent = Some("absent".to_owned());
    let refused = video.open(absent.clone(), true, WANTED).await;
    assert_eq!(refused, Err(VideoError::NotFound));
    let other = video.open(absent, false, WANTED).await.unwrap();
    assert_eq!(other.device.label, "Test camera");
    let chosen = video
        .open(Some("test-2".to_owned()), true, WANTED)
        .await
        .unwrap();
    assert_eq!(chosen.device.label, "Second test camera");
}

/// A camera that stands still after some pictures, so many times.
fn stalling(times: usize) -> Build {
    let left = AtomicUsize::new(times);
    Box::new(move || {
        let source = pipeline::make("videotestsrc")?;
        source.set_property("is-live", true);
        let stalls = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if stalls.is_ok() {
            // the stream goes on, and nothing comes any more
            let seen = AtomicUsize::new(0);
            let pad = source.static_pad("src").unwrap();
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                if seen.fetch_add(1, Ordering::Relaxed) < 5 {
                    gst::PadProbeReturn::Ok
                } else {
                    gst::PadProbeReturn::Drop
                }
            });
        }
        Ok((source, None))
    })
}

#[test]
fn a_camera_that_stands_still_is_opened_anew_and_whoever_takes_its_pictures_goes_on() {
    let (news, told) = channel();
    let (taken, pictures) = channel();
    let camera = Capture::open(stalling(2), move |one| news.send(one).unwrap()).unwrap();
    let taken = Mutex::new(taken);
    let _taking = camera.take(Arc::new(move |_| {
        taken.lock().unwrap().send(()).unwrap_or_default()
    }));
    assert!(matches!(told.recv_timeout(LONG), Ok(News::Opened(_))));
    for _ in 0..30 {
        pictures.recv_timeout(LONG).unwrap();
    }
    assert!(told.try_recv().is_err(), "nobody needs to hear of it");
}

#[test]
fn a_camera_that_gives_no_picture_or_an_error_says_why() {
    let (news, told) = channel();
    let broken: Build = Box::new(|| Err(VideoError::NotFound));
    let _camera = Capture::open(broken, move |one| news.send(one).unwrap()).unwrap();
    assert!(matches!(
        told.recv_timeout(LONG),
        Ok(News::Failed(VideoError::NotFound))
    ));
}
