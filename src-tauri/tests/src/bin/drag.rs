//! Something to drag with the mouse: a small window that offers what is dragged out of other programs. Whenever the program
//! under the mouse would take it, this one says so, a line "accepted"; and once it has, a line "taken".
//!
//! `drag KIND TEXT`, with a kind of [`Kind`].

use std::process::ExitCode;

use gtk::gdk::{Atom, DragAction, ModifierType};
use gtk::prelude::*;
use gtk::{EventBox, Label, SelectionData, TargetEntry, TargetFlags, Window, WindowType};

/// Of the window.
const TITLE: &str = "Something to drag";
/// Where the window is, in pixels: below and beside the others, which are at most 960 by 640.
const PLACE: (i32, i32) = (40, 800);
const SIZE: (i32, i32) = (240, 120);

/// What it looks like to whom it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `text`: words that were selected in an editor.
    Text,
    /// `link`: a link in a browser.
    Link,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "link" => Some(Self::Link),
            _ => None,
        }
    }

    /// The names of what is offered, most telling first.
    fn offers(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["UTF8_STRING", "text/plain;charset=utf-8", "text/plain"],
            Self::Link => &[
                "text/x-moz-url",
                "_NETSCAPE_URL",
                "text/uri-list",
                "text/html",
                "UTF8_STRING",
                "text/plain",
            ],
        }
    }

    /// What is handed over under one of these names.
    fn data(offer: &str, text: &str) -> Vec<u8> {
        match offer {
            "text/x-moz-url" => {
                let words = format!("{text}\n{TITLE}");
                words.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            "_NETSCAPE_URL" => format!("{text}\n{TITLE}").into(),
            "text/uri-list" => format!("{text}\r\n").into(),
            "text/html" => {
                let address = text.replace('&', "&amp;");
                format!("<a href=\"{address}\">{TITLE}</a>").into()
            }
            _ => text.into(),
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().and_then(|name| Kind::parse(&name));
    let (Some(kind), Some(text)) = (kind, arguments.next()) else {
        eprintln!("drag text|link TEXT");
        return ExitCode::FAILURE;
    };
    if let Err(error) = gtk::init() {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    let source = EventBox::new();
    source.add(&Label::new(Some(TITLE)));
    let flags = TargetFlags::OTHER_APP;
    let offers = kind.offers().iter();
    let offers: Vec<_> = offers
        .map(|name| TargetEntry::new(name, flags, 0))
        .collect();
    let actions = DragAction::COPY | DragAction::LINK;
    source.drag_source_set(ModifierType::BUTTON1_MASK, &offers, actions);
    source.connect_drag_begin(|_, drag| {
        drag.connect_action_changed(|_, action| {
            if !action.is_empty() {
                println!("accepted");
            }
        });
        drag.connect_dnd_finished(|_| println!("taken"));
    });
    source.connect_drag_data_get(move |_, _, selection: &SelectionData, _, _| {
        let target: Atom = selection.target();
        let data = Kind::data(target.name().as_str(), &text);
        selection.set(&target, 8, &data);
    });

    let window = Window::new(WindowType::Toplevel);
    window.set_title(TITLE);
    window.set_default_size(SIZE.0, SIZE.1);
    window.add(&source);
    window.move_(PLACE.0, PLACE.1);
    window.show_all();
    gtk::main();
    ExitCode::SUCCESS
}
