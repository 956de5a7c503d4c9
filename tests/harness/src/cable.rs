//! A network between agents and a bridge that can be cut: agents dial an address that stays.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where the cable leads, and how its connections are cut.
#[derive(Debug, Default)]
struct Plug {
    to: Option<SocketAddr>,
    cut: CancellationToken,
}

/// An address that leads where it is plugged in.
#[derive(Debug)]
pub struct Cable {
    /// What is dialled.
    pub address: SocketAddr,
    plug: Arc<Mutex<Plug>>,
    carries: JoinHandle<()>,
}

fn locked(plug: &Mutex<Plug>) -> MutexGuard<'_, Plug> {
    plug.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cable {
    /// A cable that leads nowhere: whoever dials is cut off at once.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn unplugged() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let plug = Arc::new(Mutex::new(Plug::default()));
        let carries = tokio::spawn(carry(listener, Arc::clone(&plug)));
        Ok(Self { address, plug, carries })
    }

    /// Connections that are made from now on lead there; those that there are stay.
    pub fn plug(&self, to: SocketAddr) {
        *locked(&self.plug) = Plug { to: Some(to), ..Plug::default() };
    }

    /// Breaks the connections that were made since it was plugged in, without a word to either end, and leads nowhere.
    pub fn cut(&self) {
        std::mem::take(&mut *locked(&self.plug)).cut.cancel();
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.carries.abort();
    }
}

async fn carry(listener: TcpListener, plug: Arc<Mutex<Plug>>) {
    while let Ok((mut agent, _)) = listener.accept().await {
        let (to, cut) = {
            let plug = locked(&plug);
            (plug.to, plug.cut.clone())
        };
        let Some(to) = to else { continue };
        tokio::spawn(async move {
            let Ok(mut bridge) = TcpStream::connect(to).await else { return };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut agent, &mut bridge) => {}
                () = cut.cancelled() => {}
            }
        });
    }
}
