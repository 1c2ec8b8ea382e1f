package io.syncmachine.http;

class ApacheTransportTest extends HttpContract {

    @Override
    protected HttpTransport.Factory transport() {
        return HttpTransport.apache();
    }
}
