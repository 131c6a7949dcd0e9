//! Echo: a browser calls the engine and sees its own picture come back, with a tone for a voice.
//!
//! It shows how the engine is driven: requests and events for control, the media socket for
//! pictures. Start it, open the URL it prints in Chromium (which wants
//! `--allow-loopback-in-peer-connection` for this), and watch both sides' figures.
//!
//! ```text
//! cargo run -p ringdown-rtc --example echo
//! ```
//!
//! `?steps=offer,restart,drop,again,glare` and the like make the page do one thing after another;
//! `ask,add` lets the engine offer first. The page's names for them are in `page.html`.

mod peer;

use std::error::Error;

use futures_util::{SinkExt, StreamExt};
use peer::Echo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

const PAGE: &str = include_str!("page.html");

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}/?steps=offer,wait", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("{error}");
            }
        });
    }
}

/// The page, or its signaling.
async fn serve(mut stream: TcpStream) -> Result<()> {
    let mut start = [0; 16];
    let length = stream.peek(&mut start).await?;
    if start
        .get(..length)
        .is_some_and(|start| start.starts_with(b"GET /signal"))
    {
        return signal(stream).await;
    }
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await?;
    let length = PAGE.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(PAGE.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

async fn signal(stream: TcpStream) -> Result<()> {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let mut echo = Echo::start().await?;
    loop {
        let answers = tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                let Ok(text) = message.to_text() else { continue };
                let Ok(message) = serde_json::from_str::<Value>(text) else { continue };
                if let Some(log) = message.get("log").and_then(Value::as_str) {
                    println!("browser  {log}");
                    continue;
                }
                if message.get("please") == Some(&json!("end")) {
                    println!("engine   {}", echo.figures().await?);
                    println!("end");
                    return Ok(());
                }
                echo.handle(&message).await?
            }
            answers = echo.next() => answers?,
        };
        for answer in answers {
            socket.send(Message::text(answer.to_string())).await?;
        }
    }
}
