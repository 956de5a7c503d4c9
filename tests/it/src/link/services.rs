//! The standard services beside the link.

use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::dialler::channel;
use super::station::{Station, soon};

#[tokio::test]
async fn the_health_service_says_that_the_link_serves() {
    let station = Station::open().await;
    let mut client = HealthClient::new(channel(station.address).await);
    let service = "swingbridge.agent.v1.AgentLink".to_owned();
    let answer = soon(client.check(HealthCheckRequest { service })).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn the_reflection_service_names_the_link() {
    let station = Station::open().await;
    let mut client = ServerReflectionClient::new(channel(station.address).await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = soon(client.server_reflection_info(tokio_stream::iter([request]))).await.unwrap();
    let answer = soon(answers.into_inner().message()).await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("no services")
    };
    let names: Vec<&str> = services.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"swingbridge.agent.v1.AgentLink"), "{names:?}");
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
}
