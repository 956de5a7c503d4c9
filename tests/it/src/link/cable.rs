//! A network between an agent and a bridge that can be cut: the agent dials an address that stays.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where the cable leads, and how its connections are cut.
#[derive(Debug, Default)]
struct Plug {
    to: Option<SocketAddr>,
    cut: CancellationToken,
}

#[derive(Debug)]
pub(super) struct Cable {
    pub(super) address: SocketAddr,
    plug: Arc<Mutex<Plug>>,
    carries: JoinHandle<()>,
}

impl Cable {
    /// A cable that leads nowhere: whoever dials is cut off at once.
    pub(super) async fn unplugged() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plug = Arc::new(Mutex::new(Plug::default()));
        let carries = tokio::spawn(carry(listener, Arc::clone(&plug)));
        Self { address, plug, carries }
    }

    /// Connections that are made from now on lead there.
    pub(super) fn plug(&self, to: SocketAddr) {
        *self.plug.lock().unwrap() = Plug { to: Some(to), ..Plug::default() };
    }

    /// Breaks every connection, without a word to either end.
    pub(super) fn cut(&self) {
        std::mem::take(&mut *self.plug.lock().unwrap()).cut.cancel();
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
            let plug = plug.lock().unwrap();
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
