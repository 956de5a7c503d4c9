//! A line between bridge and database server that breaks when it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of a COMMIT on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFate {
    /// It arrives, and its answer too.
    Answered,
    /// It is done, and the line breaks before its answer is heard.
    AnswerLost,
    /// It is done, and nothing is heard of the database any more, until [`Proxy::restore`].
    AnswerLostAndAway,
    /// The line breaks before it arrives.
    NeverSent,
}

/// How the line is.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Bytes are held back.
    stalled: bool,
    /// Nobody is let through, and whoever was is cut off.
    away: bool,
    /// How late bytes come.
    delay: Duration,
    /// Counts the cuts: a connection ends when it has moved.
    cuts: u64,
}

/// A proxy before a server. Connections through it end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    fates: Arc<Fates>,
    open: Arc<Open>,
    accepting: JoinHandle<()>,
}

/// The connections that are open: of each, how often the line was cut before it.
type Open = watch::Sender<Vec<u64>>;

/// What becomes of the next COMMITs: so many are answered, then so many meet a fate.
#[derive(Debug)]
struct Fates {
    next: Mutex<(usize, CommitFate, usize)>,
    lost: watch::Sender<usize>,
}

impl Fates {
    /// The fate of a COMMIT that comes now.
    fn take(&self) -> CommitFate {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.0 > 0 {
            next.0 -= 1;
            return CommitFate::Answered;
        }
        if next.2 == 0 {
            return CommitFate::Answered;
        }
        next.2 -= 1;
        self.lost.send_modify(|lost| *lost += 1);
        next.1
    }
}

impl Proxy {
    /// Starts one before the server at an address.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let good = Line { stalled: false, away: false, delay: Duration::ZERO, cuts: 0 };
        let line = Arc::new(watch::Sender::new(good));
        let next = Mutex::new((0, CommitFate::Answered, 0));
        let fates = Arc::new(Fates { next, lost: watch::Sender::new(0) });
        let open = Arc::new(Open::new(Vec::new()));
        let through =
            Through { line: Arc::clone(&line), fates: Arc::clone(&fates), open: Arc::clone(&open) };
        let accepting = tokio::spawn(accept(listener, server, through));
        Ok(Self { address, line, fates, open, accepting })
    }

    /// A URL of a server's database, as it is reached through the proxy.
    ///
    /// # Errors
    /// When the URL names no host.
    pub fn url(&self, of: &str) -> Result<String> {
        let (front, rest) = of.split_once('@').context("a URL with a user")?;
        let (_, database) = rest.split_once('/').context("a URL with a database")?;
        Ok(format!("{front}@{}/{database}", self.address))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next so many COMMITs meet this fate.
    pub fn commits(&self, fate: CommitFate, count: usize) {
        self.commits_after(0, fate, count);
    }

    /// So many COMMITs are answered, and the next so many behind them meet this fate.
    pub fn commits_after(&self, answered: usize, fate: CommitFate, count: usize) {
        let mut next = self.fates.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (answered, fate, count);
    }

    /// How many COMMITs met another fate than an answer so far.
    #[must_use]
    pub fn lost_commits(&self) -> usize {
        *self.fates.lost.borrow()
    }

    /// Returns when so many COMMITs have met another fate than an answer.
    pub async fn has_lost(&self, count: usize) {
        let mut lost = self.fates.lost.subscribe();
        // The sender lives as long as this does.
        let _gone = lost.wait_for(|lost| *lost >= count).await;
    }

    /// Ends every connection, as a broken cable does, and returns when they have ended. New ones are let through.
    pub async fn cut(&self) {
        self.line.send_modify(|line| line.cuts += 1);
        let cuts = self.line.borrow().cuts;
        let mut open = self.open.subscribe();
        // The sender lives as long as this does.
        let _ended = open.wait_for(|open| open.iter().all(|before| *before >= cuts)).await;
    }

    /// Ends every connection and lets none through until [`Self::restore`].
    pub fn cut_off(&self) {
        self.line.send_modify(|line| line.away = true);
    }

    /// Holds every byte back until [`Self::restore`]. Connections stay.
    pub fn stall(&self) {
        self.line.send_modify(|line| line.stalled = true);
    }

    /// Every piece comes so much later.
    pub fn delay(&self, delay: Duration) {
        self.line.send_modify(|line| line.delay = delay);
    }

    /// All is well again.
    pub fn restore(&self) {
        self.line.send_modify(|line| {
            *line = Line { stalled: false, away: false, delay: Duration::ZERO, cuts: line.cuts };
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.line.send_modify(|line| line.away = true);
    }
}

/// What a connection goes through.
#[derive(Clone)]
struct Through {
    line: Arc<watch::Sender<Line>>,
    fates: Arc<Fates>,
    open: Arc<Open>,
}

async fn accept(listener: TcpListener, server: SocketAddr, through: Through) {
    while let Ok((client, _)) = listener.accept().await {
        let (away, cuts) = {
            let line = through.line.borrow();
            (line.away, line.cuts)
        };
        if away {
            continue;
        }
        let through = through.clone();
        through.open.send_modify(|open| open.push(cuts));
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(server).await {
                carry(client, server, &through, cuts).await;
            }
            through.open.send_modify(|open| {
                let place = open.iter().position(|before| *before == cuts);
                place.map(|place| open.swap_remove(place));
            });
        });
    }
}

/// Carries bytes both ways until one end or the line is gone.
async fn carry(client: TcpStream, server: TcpStream, through: &Through, cuts: u64) {
    let _slow = (client.set_nodelay(true), server.set_nodelay(true));
    let Through { line, fates, .. } = through;
    let mut ends = line.subscribe();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let deaf = watch::Sender::new(CommitFate::Answered);
    tokio::select! {
        _ = ends.wait_for(|line| line.away || line.cuts != cuts) => {}
        _ = upstream(from_client, to_server, line, fates, &deaf) => {}
        _ = downstream(from_server, to_client, line, &deaf) => {}
    }
}

/// From the client to the server; looks for COMMIT.
async fn upstream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    line: &watch::Sender<Line>,
    fates: &Fates,
    deaf: &watch::Sender<CommitFate>,
) -> Option<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut bytes).await.ok().filter(|read| *read > 0)?;
        passable(line).await?;
        if is_commit(&bytes[..read]) {
            match fates.take() {
                CommitFate::Answered => {}
                CommitFate::NeverSent => return None,
                fate @ (CommitFate::AnswerLost | CommitFate::AnswerLostAndAway) => {
                    deaf.send_replace(fate);
                }
            }
        }
        to.write_all(&bytes[..read]).await.ok()?;
    }
}

/// From the server to the client. What comes behind a COMMIT that is to be lost breaks the line: by then it is done.
async fn downstream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    line: &watch::Sender<Line>,
    deaf: &watch::Sender<CommitFate>,
) -> Option<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut bytes).await.ok().filter(|read| *read > 0)?;
        let fate = *deaf.borrow();
        match fate {
            CommitFate::Answered | CommitFate::NeverSent => {}
            CommitFate::AnswerLost => return None,
            CommitFate::AnswerLostAndAway => {
                line.send_modify(|line| line.away = true);
                return None;
            }
        }
        passable(line).await?;
        to.write_all(&bytes[..read]).await.ok()?;
    }
}

/// Waits until the line lets something through.
async fn passable(line: &watch::Sender<Line>) -> Option<()> {
    let delay = line.subscribe().wait_for(|line| !line.stalled).await.ok()?.delay;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    Some(())
}

/// Whether a message is COMMIT as plain text: a query of MySQL's protocol, or of PostgreSQL's.
fn is_commit(message: &[u8]) -> bool {
    let mysql = message.get(4) == Some(&3) && &message[5..] == b"COMMIT";
    let postgres = message.first() == Some(&b'Q') && message.get(5..) == Some(b"COMMIT\0");
    mysql || postgres
}

#[cfg(test)]
mod tests {
    use super::is_commit;

    #[test]
    fn a_commit_is_known_in_both_protocols() {
        assert!(is_commit(b"\x07\0\0\0\x03COMMIT"));
        assert!(is_commit(b"Q\0\0\0\x0bCOMMIT\0"));
        assert!(!is_commit(b"Q\0\0\0\x0dROLLBACK\0"));
        assert!(!is_commit(b"\x09\0\0\0\x03ROLLBACK"));
        assert!(!is_commit(b""));
    }
}
