//! The words that a person types and a program writes: `stop 1`, one line each, each answered by one.

use std::fs;

use anyhow::{Context as _, Result};
use tests_xtask::steps::say;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;

use crate::stage::{Deed, Stage};

/// The socket for programs, in the folder of the kubeconfigs. It is there when all clusters are ready.
pub(crate) const SOCKET: &str = "control";

/// Does what it is told, until it is dropped; attached, until nothing can be typed any more.
pub(crate) async fn serve(stage: Stage, attached: bool) -> Result<()> {
    let socket = stage.folder().join(SOCKET);
    if socket.exists() {
        // Of one before, in a folder that was named.
        fs::remove_file(&socket)?;
    }
    let listener = UnixListener::bind(&socket).context("the socket for programs")?;
    let stage = Mutex::new(stage);
    let typed = async {
        let ended = terminal(&stage).await;
        if attached { ended } else { std::future::pending().await }
    };
    tokio::select! {
        ended = typed => ended,
        ended = programs(&stage, &listener) => ended,
    }
}

/// Lines that are typed. Where there is nobody to type, this is over at once.
async fn terminal(stage: &Mutex<Stage>) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if !line.trim().is_empty() {
            say(&format!("  {}", answer(stage, &line).await));
        }
    }
    Ok(())
}

/// Programs that write lines, one program after the other.
async fn programs(stage: &Mutex<Stage>, listener: &UnixListener) -> Result<()> {
    loop {
        let (program, _) = listener.accept().await?;
        if let Err(error) = program_says(stage, program).await {
            say(&format!("  a program was cut off: {error}"));
        }
    }
}

async fn program_says(stage: &Mutex<Stage>, mut program: UnixStream) -> Result<()> {
    let (read, mut write) = program.split();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = answer(stage, &line).await;
        write.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

/// `done`, or why not, in one line.
async fn answer(stage: &Mutex<Stage>, line: &str) -> String {
    match perform(stage, line).await {
        Ok(()) => "done".to_owned(),
        Err(error) => format!("not done: {error:#}").replace('\n', " | "),
    }
}

async fn perform(stage: &Mutex<Stage>, line: &str) -> Result<()> {
    let (deed, number) = said(line)?;
    stage.lock().await.perform(deed, number).await
}

/// The deed, and which cluster it is for.
fn said(line: &str) -> Result<(Deed, usize)> {
    let mut words = line.split_whitespace();
    let deed = words.next().unwrap_or_default().parse()?;
    let number = words.next().and_then(|word| word.parse().ok());
    Ok((deed, number.context("say which cluster, as in `stop 1`")?))
}

#[cfg(test)]
mod tests {
    use super::said;
    use crate::stage::Deed;

    #[test]
    fn a_line_names_a_deed_and_a_cluster() {
        assert_eq!(said(" stop 2 ").expect("understood"), (Deed::Stop, 2));
        assert!(said("stop").is_err());
        assert!(said("stop it").is_err());
        assert!(said("").is_err());
    }
}
