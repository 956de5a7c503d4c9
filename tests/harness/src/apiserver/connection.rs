//! What happens on a connection before a request is read: TLS, and the bad habits beneath HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::answers::answer;
use super::counted::Counted;
use super::state::{Habit, Shared};

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(connection(stream, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Counts an open connection.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = Counted { stream, shared: Arc::clone(&shared) };
    shared.open.send_modify(|open| *open += 1);
    let _open = Open(Arc::clone(&shared));
    let mut cut = shared.cut.subscribe();
    let (habit, acceptor) = {
        let state = shared.state.lock().unwrap();
        (state.habit.clone(), state.acceptor.clone())
    };
    match habit {
        Habit::HangsUp => return,
        Habit::DeafToTls => return until_closed(&mut stream).await,
        Habit::Plain => {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nspeak plainly\n").await;
            return until_closed(&mut stream).await;
        }
        _ => {}
    }
    let Ok(mut stream) = acceptor.0.accept(stream).await else { return };
    match habit {
        Habit::DeafToHttp => return until_closed(&mut stream).await,
        Habit::Garbage => {
            heard(&mut stream).await;
            let _ = stream.write_all(b"220 smtp.example.com ready\r\n").await;
            return until_closed(&mut stream).await;
        }
        Habit::Drips => {
            heard(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").await;
            return until_closed(&mut stream).await;
        }
        _ => {}
    }
    let known = stream.get_ref().1.peer_certificates().is_some();
    let service =
        hyper::service::service_fn(move |request| answer(request, Arc::clone(&shared), known));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        _ = cut.changed() => {}
    }
}

/// Returns when something was said.
async fn heard(stream: &mut (impl AsyncRead + Unpin)) {
    use tokio::io::AsyncReadExt as _;
    let _ = stream.read(&mut [0; 1024]).await;
}

async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) {
    use tokio::io::AsyncReadExt as _;
    let mut heard = [0; 1024];
    while stream.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
}
