//! The gRPC service: it gives every stream a task of its own, which outlives the call that opened it for as long as it
//! has something to finish.

use std::sync::Arc;

use host_core::port::link::AgentEvents;
use host_core::port::time::Clock;
use proto::agent::v1::agent_link_server::AgentLink;
use proto::agent::v1::{AgentMessage, BridgeMessage};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status, Streaming};

use crate::conversation;
use crate::options::{Options, QUEUE_MESSAGES};
use crate::reader::Reader;
use crate::registry::Registry;

/// What every stream shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) events: Arc<dyn AgentEvents>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) places: Arc<Semaphore>,
}

/// `swingbridge.agent.v1.AgentLink`.
#[derive(Debug)]
pub(crate) struct Service(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl AgentLink for Service {
    type ConnectStream = ReceiverStream<Result<BridgeMessage, Status>>;

    async fn connect(
        &self,
        request: Request<Streaming<AgentMessage>>,
    ) -> Result<Response<Self::ConnectStream>, Status> {
        let shared = Arc::clone(&self.0);
        let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
            return Err(Status::resource_exhausted(
                "this replica of the bridge has as many agents as it can; dial another one",
            ));
        };
        let peer = request.remote_addr();
        let reader = Reader::new(request.into_inner());
        let (queue, outbound) = mpsc::channel(QUEUE_MESSAGES);
        self.0.tasks.spawn(async move {
            conversation::serve(shared, reader, queue, peer).await;
            drop(place);
        });
        Ok(Response::new(ReceiverStream::new(outbound)))
    }
}
