package io.syncmachine.http;

class JdkTransportTest extends HttpContract {

    @Override
    protected HttpTransport.Factory transport() {
        return HttpTransport.jdk();
    }
}
