//! A captured picture, and the same in another size.

use std::time::Duration;

use gstreamer as gst;
use gstreamer_video::{VideoConverter, VideoFormat, VideoFrameRef, VideoInfo};

use super::adaptation::Size;

/// A picture of a camera: I420. Cheap to clone.
#[derive(Clone)]
pub(super) struct Picture {
    pub buffer: gst::Buffer,
    pub info: VideoInfo,
    /// By the clock of [`crate::pipeline::now`].
    pub captured: Duration,
}

impl Picture {
    /// Reads what a pipeline that ends in I420 gave.
    pub fn read(sample: &gst::Sample, captured: Duration) -> Option<Self> {
        let info = VideoInfo::from_caps(sample.caps()?).ok()?;
        (info.format() == VideoFormat::I420).then_some(())?;
        Some(Self {
            buffer: sample.buffer_owned()?,
            info,
            captured,
        })
    }

    pub fn size(&self) -> Size {
        (self.info.width(), self.info.height())
    }
}

/// What I420 pictures of this size are, otherwise as those of a camera: GStreamer converts no rates.
fn info(size: Size, like: &VideoInfo) -> Option<VideoInfo> {
    VideoInfo::builder(VideoFormat::I420, size.0, size.1)
        .fps(like.fps())
        .interlace_mode(like.interlace_mode())
        .build()
        .ok()
}

/// Makes pictures of one size; for the same size again it is quickest.
#[derive(Default)]
pub(super) struct Scaler {
    made: Option<Made>,
}

struct Made {
    from: VideoInfo,
    to: VideoInfo,
    converter: VideoConverter,
}

impl Scaler {
    /// The picture in this size; none where GStreamer can't.
    pub fn scale(&mut self, picture: &Picture, size: Size) -> Option<Picture> {
        if picture.size() == size {
            return Some(picture.clone());
        }
        let fits = |made: &&mut Made| {
            made.from == picture.info && (made.to.width(), made.to.height()) == size
        };
        if self.made.as_mut().filter(fits).is_none() {
            let to = info(size, &picture.info)?;
            let converter = VideoConverter::new(&picture.info, &to, None).ok()?;
            self.made = Some(Made {
                from: picture.info.clone(),
                to,
                converter,
            });
        }
        let made = self.made.as_mut()?;
        let mut buffer = gst::Buffer::with_size(made.to.size()).ok()?;
        {
            let from = VideoFrameRef::from_buffer_ref_readable(&picture.buffer, &made.from).ok()?;
            let room = buffer.get_mut()?;
            let mut to = VideoFrameRef::from_buffer_ref_writable(room, &made.to).ok()?;
            made.converter.frame_ref(&from, &mut to);
        }
        Some(Picture {
            buffer,
            info: made.to.clone(),
            captured: picture.captured,
        })
    }
}

/// The bytes of an I420 picture without the padding of its lines: luma, then both chromas.
pub(super) fn packed(picture: &Picture) -> Option<Vec<u8>> {
    let frame = VideoFrameRef::from_buffer_ref_readable(&picture.buffer, &picture.info).ok()?;
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let mut bytes = Vec::with_capacity(width * height * 3 / 2 + width + height);
    for (plane, (width, height)) in [
        (0, (width, height)),
        (1, (width.div_ceil(2), height.div_ceil(2))),
        (2, (width.div_ceil(2), height.div_ceil(2))),
    ] {
        let stride = usize::try_from(*frame.plane_stride().get(plane)?).ok()?;
        let data = frame.plane_data(u32::try_from(plane).ok()?).ok()?;
        for line in data.chunks(stride.max(1)).take(height) {
            bytes.extend_from_slice(line.get(..width)?);
        }
    }
    Some(bytes)
}

/// A black picture of this size, in place of another.
pub(super) fn black(size: Size, like: &Picture) -> Option<Picture> {
    let info = info(size, &like.info)?;
    let mut buffer = gst::Buffer::with_size(info.size()).ok()?;
    {
        let mut frame = VideoFrameRef::from_buffer_ref_writable(buffer.get_mut()?, &info).ok()?;
        for (plane, value) in [(0, 16), (1, 128), (2, 128)] {
            frame.plane_data_mut(plane).ok()?.fill(value);
        }
    }
    Some(Picture {
        buffer,
        info,
        captured: like.captured,
    })
}
