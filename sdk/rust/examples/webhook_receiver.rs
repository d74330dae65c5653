//! A receiver that verifies deliveries. `WEBHOOK_SECRET` is the signing secret of the subscription, or two while it is rotated,
//! with a comma between. A real receiver uses the HTTP server of its program; this one reads what a delivery needs.
use sentryagent_idp::Webhook;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

/// No delivery is longer.
const LONGEST_BODY: usize = 1024 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secrets = std::env::var("WEBHOOK_SECRET")?;
    let webhook = Webhook::new(secrets.split(','))?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    println!("Listens on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut reader = BufReader::new(stream?);
        let mut headers = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
            line.clear();
        }
        let length = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length.min(LONGEST_BODY)];
        reader.read_exact(&mut body)?;
        let status = match webhook.verify(&body, headers) {
            Ok(event) => {
                println!("{} {}", event.event, event.id);
                "204 No Content"
            }
            Err(refusal) => {
                println!("{refusal}");
                "401 Unauthorized"
            }
        };
        write!(
            reader.get_mut(),
            "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )?;
    }
    Ok(())
}
