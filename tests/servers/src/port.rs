//! A port that stays a server's while the server is down.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::net::TcpSocket;

/// A port on loopback, chosen by the system, that nobody else is given.
///
/// A socket is bound to it and never listens: whoever dials while the server is down is refused at once, the system gives
/// the port to nobody, neither to listen nor to dial from, and a server that allows its address to be used again, as those
/// written in Go do, listens there as often as it is started.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Port {
    /// Takes one.
    ///
    /// # Errors
    /// When the system has none.
    pub fn take() -> Result<Self> {
        let bound = TcpSocket::new_v4()?;
        bound.set_reuseaddr(true)?;
        bound.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { address: bound.local_addr()?, _bound: bound })
    }

    /// Where a server listens that has it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.address.port()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::Port;

    #[test]
    fn a_server_listens_at_a_port_as_often_as_it_is_started_and_nobody_answers_meanwhile() {
        let port = Port::take().expect("a port");
        for _ in 0..3 {
            assert!(TcpStream::connect(port.address()).is_err());
            let server = TcpListener::bind(port.address()).expect("the server listens");
            TcpStream::connect(port.address()).expect("it answers");
            drop(server);
        }
    }
}
