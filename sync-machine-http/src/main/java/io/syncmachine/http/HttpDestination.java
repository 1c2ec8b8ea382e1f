package io.syncmachine.http;

import io.syncmachine.Destination;
import io.syncmachine.FailureKind;
import io.syncmachine.Limits;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.http.Plan.Step;
import io.syncmachine.http.Plan.Success;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP API as a destination, for machines of any subject.
 *
 * <pre>{@code
 * HttpDestination api = HttpDestination.to("https://api.example.com")
 *     .put("/orders/{id}")
 *     .delete("/orders/{id}")
 *     .build();
 * }</pre>
 *
 * <p>Each publication is one call, or a few where the API's state is not what it seemed; together they end by the publication's
 * deadline, or are aborted then, or when the stage is cancelled. No thread waits for an answer.
 *
 * <p>What answers mean: 2xx is a success. 429, and 408, 425 and 503 with {@code Retry-After}: not applied, and the destination is paused.
 * 408 and 425 without: not applied, again later. 401 and 403: not let in, after one more try where there is a token to refresh. Other 4xx:
 * refused for good. No connection: not applied. Any other status, a connection that breaks, or no answer in time: in doubt. {@link
 * Builder#onStatus} says it otherwise.
 *
 * <p>Safe for use by several threads. Holds connections and threads: close it when the engines that use it are closed; what is under way
 * then is aborted, and in doubt.
 */
public final class HttpDestination implements Destination<Object, Object, Object>, AutoCloseable {

    private final Plan plan;
    private final Api api;
    private final String name;
    private final AtomicBoolean closed = new AtomicBoolean();

    private HttpDestination(Plan plan, Api api, String name) {
        this.plan = plan;
        this.api = api;
        this.name = name;
    }

    /**
     * Begins to describe an API.
     *
     * @param baseAddress what all paths follow: {@code https} or {@code http}, host, perhaps a port and a path
     * @throws IllegalArgumentException if it is none, or has a user, a query or a fragment
     */
    public static Builder to(String baseAddress) {
        return new Builder(baseAddress(baseAddress));
    }

    private static URI baseAddress(String text) {
        String trimmed = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        URI base;
        try {
            base = URI.create(trimmed);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the base address must be a URL, but is none");
        }
        boolean web = "https".equals(base.getScheme()) || "http".equals(base.getScheme());
        if (!web
                || base.getHost() == null
                || base.getRawUserInfo() != null
                || base.getRawQuery() != null
                || base.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "the base address must be https://host or http://host, with a port and a path at most,"
                            + " without user, query or fragment; say secrets by basic(…), bearer(…) or secretHeader(…)");
        }
        return base;
    }

    /**
     * Another destination of the same API: with its name, headers, rules, credentials and connections, without its paths. The connections
     * are closed when the last is closed that uses them.
     *
     * @throws IllegalStateException if this is closed
     */
    public Builder sibling() {
        if (closed.get()) {
            throw new IllegalStateException("destination '" + name + "' is closed; make siblings before that");
        }
        Builder builder = new Builder(plan.ofApi(), api);
        builder.plan.name = name;
        return builder;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
        Delivery delivery = new Delivery(api, plan, publication);
        delivery.begin();
        return delivery.result;
    }

    @Override
    public int batchSize() {
        return Stream.of(plan.batch, plan.deleteBatch)
                .flatMap(Stream::ofNullable)
                .mapToInt(batch -> batch.size)
                .min()
                .orElse(1);
    }

    @Override
    public @Nullable Object batchOf(PublicationKind kind, boolean inDoubt) {
        return plan.batch(kind, inDoubt);
    }

    @Override
    public List<CompletionStage<PublishResult>> sendAll(List<? extends Publication<?, ?, ?>> publications) {
        return BatchDelivery.begin(api, plan, publications);
    }

    /** {@inheritDoc} It never does, but for credentials that have to be fetched. */
    @Override
    public boolean waits() {
        return false;
    }

    @Override
    public boolean deletes() {
        return plan.delete != null;
    }

    @Override
    public Limits limits() {
        return plan.limits;
    }

    @Override
    public boolean givesRemoteIds() {
        return plan.givesRemoteIds();
    }

    String transportName() {
        return api.transport.getClass().getSimpleName();
    }

    /** Closes it; the connections as well, if no sibling uses them. Harmless where it is closed already. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            api.release();
        }
    }

    @Override
    public String toString() {
        return "HttpDestination[" + name + ", " + plan.base + ", create " + plan.create + ", update " + plan.update
                + ", delete " + plan.delete + ", lookup " + plan.lookup + ", batch " + plan.batch
                + (plan.deleteBatch == null ? "" : ", deletes " + plan.deleteBatch) + "]";
    }

    /**
     * Describes an API. Saying a thing twice, or two that exclude each other, fails. For one thread.
     *
     * <p>Paths follow the base address and begin with a slash. They may have values in braces, which are percent-encoded: {@code {id}}
     * (the subject's id), {@code {remoteId}} (the API's), {@code {tenant}}, and JSON pointers into the document, as in
     * {@code {/customer/number}}; in a delete, into the last acknowledged one. A publication whose value is missing, empty, or consists
     * of dots, is refused.
     */
    public static final class Builder {

        private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
        private static final int LONGEST_ANSWER = 64 * 1024 * 1024;

        private final Plan plan;
        private final @Nullable Api shared;
        private @Nullable Step put;
        private @Nullable Authentication authentication;
        private final Map<String, Supplier<String>> secretHeaders = new LinkedHashMap<>();
        private @Nullable SSLContext sslContext;
        private HttpTransport.@Nullable Proxy proxy;
        private HttpTransport.@Nullable Factory transport;
        private @Nullable Duration connectTimeout;
        private boolean refusesPrivateAddresses;
        private boolean allowsPlainHttp;

        Builder(URI base) {
            this(new Plan(base), null);
        }

        Builder(Plan plan, @Nullable Api shared) {
            this.plan = plan;
            this.shared = shared;
        }

        private static void once(String what, @Nullable Object before) {
            if (before != null) {
                throw new IllegalStateException(what + " is said twice, before as " + before);
            }
        }

        /** Fails for a sibling, which uses connections that are made already. */
        private void own(String what) {
            if (shared != null) {
                throw new IllegalStateException(
                        what + " belongs to the connections, which this sibling of destination '" + plan.name
                                + "' shares; say it there");
            }
        }

        private static Duration positive(String what, Duration duration) {
            if (duration.isZero() || duration.isNegative() || duration.compareTo(Duration.ofDays(365)) > 0) {
                throw new IllegalArgumentException(
                        what + " must be above zero and at most 365 days, but is " + duration);
            }
            return duration;
        }

        /**
         * The {@linkplain Destination#name() name} of the destination, which limits and pauses go by; default the host, and the port if
         * one is said.
         *
         * @throws IllegalArgumentException if not 1 to 100 letters, digits, dots, dashes or underscores
         */
        public Builder name(String name) {
            if (!name.matches("[A-Za-z0-9._-]{1,100}")) {
                throw new IllegalArgumentException(
                        "name must be 1 to 100 letters, digits, dots, dashes or underscores, but is '" + name + "'");
            }
            plan.name = name;
            return this;
        }

        /** Creates and updates by PUT; where {@code post} or another create is said, only updates, and the other way round. */
        public Builder put(String path) {
            once("put", put);
            put = step("PUT", "the path of put", path);
            return this;
        }

        /** Creates by POST. */
        public Builder post(String path) {
            return create("POST", path);
        }

        /** Updates by PATCH, with the whole document. */
        public Builder patch(String path) {
            return update("PATCH", path);
        }

        /**
         * Updates by PATCH, with the difference to the last acknowledged document as JSON Merge Patch (RFC 7396). Where that is not kept
         * ({@link io.syncmachine.Policy.KeptPayload#FINGERPRINT_ONLY}), and after doubt, all of it. To the API, null and absent must be
         * the same.
         */
        public Builder patchDifference(String path) {
            once("update", plan.update);
            plan.update = new Step("PATCH", Template.of("the path of patchDifference", path), true);
            return this;
        }

        /** Creates by any method. */
        public Builder create(String method, String path) {
            once("create", plan.create);
            plan.create = step(method, "the path of create", path);
            if (plan.create.path().needsRemoteId()) {
                throw new IllegalArgumentException("the path of create cannot have {remoteId}: " + path);
            }
            return this;
        }

        /** Updates by any method. */
        public Builder update(String method, String path) {
            once("update", plan.update);
            plan.update = step(method, "the path of update", path);
            return this;
        }

        /** Deletes by DELETE. Without it, the API keeps what it has. An answer of 404 or 410 is a success. */
        public Builder delete(String path) {
            return delete("DELETE", path);
        }

        /** Deletes by any method; without a body. */
        public Builder delete(String method, String path) {
            once("delete", plan.delete);
            plan.delete = step(method, "the path of delete", path);
            return this;
        }

        /**
         * Asks by GET whether the API has the subject: before a create is repeated whose answer is not known, after a 409 (see
         * {@link #adoptOnConflict()}), and where the API's id is not known. 2xx says that it is there, 404 and 410 that it is not. Where
         * the API gives ids, the answer must tell the id in the same place as that to a create; no id there: it has none.
         */
        public Builder lookup(String path) {
            once("lookup", plan.lookup);
            plan.lookup = step("GET", "the path of lookup", path);
            if (plan.lookup.path().needsRemoteId()) {
                throw new IllegalArgumentException("the path of lookup cannot have {remoteId}: " + path);
            }
            return this;
        }

        /**
         * The same for an API that answers a list, or in another form: it has the subject if there is a value at this JSON pointer, such
         * as {@code /items/0/id}; which is the API's id, where it gives ids.
         */
        public Builder lookup(String path, String pointer) {
            lookup(path);
            plan.lookupPointer = Syntax.pointer("the pointer of lookup", pointer);
            return this;
        }

        /**
         * What is there already is taken over: a create that is answered by 409 becomes an update, of what the lookup finds if there is
         * one. Default: 409 is a refusal for good.
         */
        public Builder adoptOnConflict() {
            plan.adopts = true;
            return this;
        }

        /** The API gives ids, told in the answer to a create at this JSON pointer, such as {@code /data/id}. */
        public Builder remoteIdAt(String pointer) {
            Syntax.pointer("remoteIdAt", pointer);
            return remoteId("'" + pointer + "'", answer -> answer.at(pointer));
        }

        /** The same, told in a header. */
        public Builder remoteIdFromHeader(String name) {
            return remoteId("header " + name, answer -> answer.header(name).map(String::strip));
        }

        /** The same, told by the last part of the path in the header {@code Location}. */
        public Builder remoteIdFromLocation() {
            return remoteId(
                    "header Location", answer -> answer.header("Location").flatMap(Builder::lastPart));
        }

        private static Optional<String> lastPart(String location) {
            try {
                String path = URI.create(location.strip()).getRawPath();
                String trimmed = path != null && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
                return Optional.ofNullable(trimmed)
                        .map(text -> text.substring(text.lastIndexOf('/') + 1))
                        .map(part -> URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8));
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }

        private Builder remoteId(String place, Function<HttpAnswer, Optional<String>> reader) {
            once("the place of the remote id", plan.remoteIdPlace);
            plan.remoteIdPlace = place;
            plan.remoteId = reader;
            return this;
        }

        /** How an id is written in a path; default {@code String.valueOf}. */
        public Builder ids(Function<Object, String> ids) {
            plan.ids = ids;
            return this;
        }

        /** What is sent in creates and updates; default {@link Publication#json()}. Called on any thread, and should be quick. */
        public Builder body(Function<? super Publication<?, ?, ?>, String> body) {
            plan.body = body;
            return this;
        }

        /** The type of what is sent; default {@code application/json}. Text is always sent as UTF-8. */
        public Builder contentType(String type) {
            plan.contentType = visible("contentType", type);
            return this;
        }

        /** A header of all calls. Not for secrets. */
        public Builder header(String name, String value) {
            plan.fixedHeaders.put(unused("header", name), visible("header " + name, value));
            return this;
        }

        /** A header of calls for one publication, all but batches. */
        public Builder header(String name, Function<? super Publication<?, ?, ?>, String> value) {
            plan.headers.put(unused("header", name), value);
            return this;
        }

        private String unused(String what, String name) {
            Syntax.header(what, name);
            boolean used = plan.headers.keySet().stream().anyMatch(name::equalsIgnoreCase)
                    || plan.fixedHeaders.keySet().stream().anyMatch(name::equalsIgnoreCase)
                    || secretHeaders.keySet().stream().anyMatch(name::equalsIgnoreCase);
            if (used) {
                throw new IllegalStateException("header " + name + " is said twice");
            }
            return name;
        }

        private static String visible(String what, String value) {
            if (value.isBlank() || value.chars().anyMatch(c -> c < ' ' || c > '~')) {
                throw new IllegalArgumentException(what + " must be visible ASCII, but has another character or none");
            }
            return value;
        }

        /**
         * A secret header of all calls, such as an API key: asked before each call, on the thread that makes it, so it must be quick.
         * Where it fails, nothing is sent.
         */
        public Builder secretHeader(String name, Supplier<String> value) {
            own("secretHeader");
            secretHeaders.put(unused("secretHeader", name), value);
            return this;
        }

        /** Basic authentication. The password is asked before each call, like a {@link #secretHeader}. */
        public Builder basic(String user, Supplier<String> password) {
            if (user.isEmpty() || user.indexOf(':') >= 0 || user.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("user must not be empty, nor have a colon or a control character");
            }
            return authentication("basic", Authentication.basic(user, password));
        }

        /**
         * A bearer token. The supplier is asked for one when it is needed first, and for another when the API has answered 401 or 403,
         * and then the call is repeated once; it must not answer from a memory of its own. It may wait, on a thread of the destination;
         * for 30 seconds at most, then it is interrupted.
         */
        public Builder bearer(Supplier<String> token) {
            return authentication("bearer", Authentication.bearer(token));
        }

        private Builder authentication(String what, Authentication said) {
            own(what);
            if (authentication != null) {
                throw new IllegalStateException(what + ": authentication is said twice; it is basic(…) or bearer(…)");
            }
            authentication = said;
            return this;
        }

        /**
         * A client certificate.
         *
         * @param pkcs12 a file with key and certificates, read now
         * @param password of the file, asked now
         * @throws IllegalArgumentException if it cannot be read
         */
        public Builder clientCertificate(Path pkcs12, Supplier<char[]> password) {
            char[] secret = password.get();
            try (InputStream file = Files.newInputStream(pkcs12)) {
                KeyStore keys = KeyStore.getInstance("PKCS12");
                keys.load(file, secret);
                KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
                managers.init(keys, secret);
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(managers.getKeyManagers(), null, null);
                return sslContext(context);
            } catch (IOException | GeneralSecurityException e) {
                throw new IllegalArgumentException("clientCertificate " + pkcs12 + " cannot be read", e);
            } finally {
                Arrays.fill(secret, '\0');
            }
        }

        /** Whom to trust, and which certificates to show; default the JVM's. Names of hosts are checked in any case. */
        public Builder sslContext(SSLContext context) {
            own("sslContext");
            if (sslContext != null) {
                throw new IllegalStateException("TLS is said twice; it is clientCertificate(…) or sslContext(…)");
            }
            sslContext = context;
            return this;
        }

        /**
         * Goes through an HTTP proxy.
         *
         * @param port from 1 to 65535
         */
        public Builder proxy(String host, int port) {
            return proxy(new HttpTransport.Proxy(host, port, null, null));
        }

        /**
         * The same, with basic authentication.
         *
         * @param password asked once, when this is built
         */
        public Builder proxy(String host, int port, String user, Supplier<String> password) {
            return proxy(new HttpTransport.Proxy(host, port, user, password));
        }

        private Builder proxy(HttpTransport.Proxy said) {
            own("proxy");
            once("proxy", proxy);
            if (said.host().isBlank() || said.port() < 1 || said.port() > 65_535) {
                throw new IllegalArgumentException("proxy must be a host and a port from 1 to 65535, but is " + said);
            }
            proxy = said;
            return this;
        }

        /** Lets secrets go to an {@code http} address of another host, where the network itself is trusted. Default: an error. */
        public Builder allowPlainHttp() {
            own("allowPlainHttp");
            allowsPlainHttp = true;
            return this;
        }

        /**
         * Connects to public addresses only, whatever a name stands for when it is looked up: where users supply base addresses. Needs
         * {@link HttpTransport#apache()}, and no proxy.
         */
        public Builder refusePrivateAddresses() {
            own("refusePrivateAddresses");
            refusesPrivateAddresses = true;
            return this;
        }

        /** How much the API may be called, see {@link Destination#limits()}; default no limits. */
        public Builder limits(Limits limits) {
            plan.limits = limits;
            return this;
        }

        /** How long connecting may take; default 3 seconds. A call that is not connected by then was not sent, without doubt. */
        public Builder connectTimeout(Duration timeout) {
            own("connectTimeout");
            once("connectTimeout", connectTimeout);
            connectTimeout = positive("connectTimeout", timeout);
            return this;
        }

        /** How long a publication may take, all its calls together; default and at most until {@link Publication#deadline()}. */
        public Builder timeout(Duration timeout) {
            plan.timeout = positive("timeout", timeout);
            return this;
        }

        /** Sends bodies of 1 KiB and more packed by gzip. Default no. Packed answers are always understood. */
        public Builder gzip() {
            plan.packs = true;
            return this;
        }

        /** The header with {@link Publication#idempotencyKey()} in each write; default {@code Idempotency-Key}. */
        public Builder idempotencyHeader(String name) {
            plan.idempotencyHeader = Syntax.header("idempotencyHeader", name);
            return this;
        }

        /** Sends no idempotency key. */
        public Builder noIdempotencyHeader() {
            plan.idempotencyHeader = null;
            return this;
        }

        /** The header with {@link Publication#version()} in each write, all but batches; default none. */
        public Builder versionHeader(String name) {
            plan.versionHeader = Syntax.header("versionHeader", name);
            return this;
        }

        /**
         * A write was a success only if the answer has this value at this JSON pointer, for APIs that answer 200 to everything. If not, it
         * was not applied and is tried again.
         */
        public Builder successWhen(String pointer, String value) {
            return successWhen(pointer, value, FailureKind.notAccepted());
        }

        /** The same, and what it means if not. */
        public Builder successWhen(String pointer, String value, FailureKind otherwise) {
            Syntax.pointer("successWhen", pointer);
            return successWhen(
                    "'" + pointer + "'",
                    answer -> answer.at(pointer).filter(value::equals).isPresent(),
                    otherwise);
        }

        /** The same by a function, which should be quick; where it throws, the publication is in doubt. */
        public Builder successWhen(Predicate<HttpAnswer> test, FailureKind otherwise) {
            return successWhen("its content", test, otherwise);
        }

        private Builder successWhen(String what, Predicate<HttpAnswer> test, FailureKind otherwise) {
            once("successWhen", plan.success);
            plan.success = new Success(what, test, otherwise);
            return this;
        }

        /**
         * What a status means for a write, against the rules; nothing else is done about it then, no refresh, adoption or new create.
         *
         * @param status from 200 to 599
         * @throws IllegalArgumentException if out of range
         */
        public Builder onStatus(int status, FailureKind kind) {
            return onStatus(status, Optional.of(kind));
        }

        /** The same: this status is a success. */
        public Builder successOnStatus(int status) {
            return onStatus(status, Optional.empty());
        }

        private Builder onStatus(int status, Optional<FailureKind> kind) {
            if (status < 200 || status > 599) {
                throw new IllegalArgumentException("a status must be from 200 to 599, but is " + status);
            }
            once("the meaning of status " + status, plan.statuses.put(status, kind));
            return this;
        }

        /**
         * A write that is answered by 202 is not applied yet: what becomes of it is asked for. Default: 202 is a success. Each time counts as
         * a call at the API, but not by {@link #limits}.
         */
        public Builder polling(HttpPolling polling) {
            once("polling", plan.polling);
            plan.polling = polling;
            return this;
        }

        /**
         * Where an answer says what is wrong, at a JSON pointer: it ends up, cut to 300 characters and without the secrets that were sent,
         * in the failure's message. Default: title and detail of {@code application/problem+json} (RFC 9457), and of other answers
         * nothing.
         */
        public Builder failureMessageAt(String pointer) {
            plan.messagePointer = Syntax.pointer("failureMessageAt", pointer);
            return this;
        }

        /** How long the destination is paused by a 429 that does not say for how long; default 10 seconds. */
        public Builder defaultPause(Duration pause) {
            plan.defaultPause = positive("defaultPause", pause);
            return this;
        }

        /** How long an answer may pause the destination at most, whatever it says; default 24 hours. */
        public Builder longestPause(Duration pause) {
            plan.longestPause = positive("longestPause", pause);
            return this;
        }

        /**
         * How much of an answer's body is read, in bytes, packed and unpacked; default 1 MiB, from 1 KiB to 64 MiB. What comes after it is
         * not waited for. A longer answer counts by its status; where its content is needed, the publication is in doubt.
         *
         * @throws IllegalArgumentException if out of range
         */
        public Builder maxAnswerBytes(int bytes) {
            if (bytes < 1024 || bytes > LONGEST_ANSWER) {
                throw new IllegalArgumentException(
                        "maxAnswerBytes must be from 1024 to " + LONGEST_ANSWER + ", but is " + bytes);
            }
            plan.maxAnswerBytes = bytes;
            return this;
        }

        /**
         * Creates and updates go together; all but creates that are looked up first. Where deletes go together as well, the smaller of the
         * two sizes holds for both.
         */
        public Builder batch(HttpBatch batch) {
            once("batch", plan.batch);
            plan.batch = batch;
            return this;
        }

        /**
         * Deletes go together. What is sent of each is its id, the API's where it gives ids, as a JSON text; {@link HttpBatch#document} says
         * it otherwise. The same object as that of {@link #batch} lets them go together with creates and updates. A result with the status 404 or 410 is a success, as for a single delete. Needs a {@code delete} besides, for what
         * is left of a batch that is refused.
         */
        public Builder deleteBatch(HttpBatch batch) {
            once("deleteBatch", plan.deleteBatch);
            plan.deleteBatch = batch;
            return this;
        }

        /** By what it is sent; default {@link HttpTransport#apache()} if that is on the class path, else {@link HttpTransport#jdk()}. */
        public Builder transport(HttpTransport.Factory transport) {
            own("transport");
            once("transport", this.transport);
            this.transport = transport;
            return this;
        }

        Builder clock(Supplier<java.time.Instant> clock) {
            plan.clock = clock;
            return this;
        }

        private static Step step(String method, String what, String path) {
            return new Step(Syntax.method(method), Template.of(what, path), false);
        }

        /**
         * The destination, whose transport is opened.
         *
         * @throws IllegalStateException if something is missing or contradictory, or the transport cannot do it
         */
        public HttpDestination build() {
            Plan built = plan.copy();
            complete(built);
            check(built);
            String name = built.name == null ? defaultName() : built.name;
            if (shared != null) {
                shared.use();
                return new HttpDestination(built, shared, name);
            }
            Authentication all =
                    (authentication == null ? Authentication.NONE : authentication).with(Map.copyOf(secretHeaders));
            HttpTransport opened = (transport == null ? defaultTransport() : transport)
                    .open(new HttpTransport.Settings(
                            plan.base,
                            connectTimeout == null ? CONNECT_TIMEOUT : connectTimeout,
                            refusesPrivateAddresses,
                            proxy,
                            sslContext));
            return new HttpDestination(built, new Api(opened, all), name);
        }

        /** Puts what PUT stands for into place. */
        private void complete(Plan built) {
            if (put != null && built.create != null && built.update != null) {
                throw new IllegalStateException("put(" + put.path() + ") is never used, as create (" + built.create
                        + ") and update (" + built.update + ") are said as well; leave one out");
            }
            if (put != null && built.update == null) {
                built.update = put;
            }
            if (put != null && built.create == null) {
                if (put.path().needsRemoteId()) {
                    throw new IllegalStateException(
                            "create is missing, as put(" + put.path() + ") needs the API's id: say post(path) as well");
                }
                built.create = put;
            }
        }

        private void check(Plan built) {
            if (built.create == null || built.update == null) {
                throw new IllegalStateException(
                        (built.create == null ? "create" : "update")
                                + " is missing: say put(path) for both, or post(path) or create(…), and put(path), patch(path) or update(…)");
            }
            Step create = built.create;
            Step update = built.update;
            if (built.remoteId == null) {
                for (Step step : Arrays.asList(update, built.delete)) {
                    if (step != null && step.path().needsRemoteId()) {
                        throw new IllegalStateException(
                                step + " needs {remoteId}, but it is not said where the API tells it: say"
                                        + " remoteIdAt(…), remoteIdFromHeader(…) or remoteIdFromLocation()");
                    }
                }
            }
            if (built.adopts && create.equals(update)) {
                throw new IllegalStateException(
                        "adoptOnConflict() needs an update that differs from the create, but both are " + create);
            }
            if (built.adopts && update.path().needsRemoteId() && built.lookup == null) {
                throw new IllegalStateException("adoptOnConflict() needs lookup(…), as the update (" + update
                        + ") needs the API's id of what is there");
            }
            if (update.difference() && built.body != null) {
                throw new IllegalStateException("patchDifference(…) and body(…) exclude each other: say patch(…)");
            }
            if (built.batch != null && built.remoteId != null && built.batch.results() == null) {
                throw new IllegalStateException(
                        "batch needs resultsAt(…), as the API's id of each subject is told there");
            }
            if (built.deleteBatch != null && built.delete == null) {
                throw new IllegalStateException(
                        "deleteBatch needs delete(path), for what is left of a batch that is refused");
            }
            if (built.polling != null && built.statuses.containsKey(202)) {
                throw new IllegalStateException(
                        "polling(…) is for answers with 202, of which another meaning is said; leave one out");
            }
            checkHeaders(built);
            checkConnection();
        }

        private void checkHeaders(Plan built) {
            boolean keyIsHeader = built.idempotencyHeader != null
                    && built.idempotencyHeader.equalsIgnoreCase(String.valueOf(built.versionHeader));
            if (keyIsHeader) {
                throw new IllegalStateException(
                        "idempotencyHeader and versionHeader must differ, but are both " + built.versionHeader);
            }
            for (String own : Arrays.asList(built.idempotencyHeader, built.versionHeader)) {
                if (own != null && hasHeader(built, own)) {
                    throw new IllegalStateException("header " + own
                            + " is said twice, as it has the publication's key or version; see noIdempotencyHeader()");
                }
            }
            if (plan.fixedHeaders.keySet().stream().anyMatch("authorization"::equalsIgnoreCase)) {
                throw new IllegalStateException(
                        "header Authorization is a secret: say basic(…), bearer(…) or secretHeader(…)");
            }
            if (authentication != null && hasHeader(built, "authorization")) {
                throw new IllegalStateException(
                        "header Authorization is said besides basic(…) or bearer(…); leave one out");
            }
        }

        private boolean hasHeader(Plan built, String name) {
            return built.headers.keySet().stream().anyMatch(name::equalsIgnoreCase)
                    || built.fixedHeaders.keySet().stream().anyMatch(name::equalsIgnoreCase)
                    || secretHeaders.keySet().stream().anyMatch(name::equalsIgnoreCase);
        }

        private void checkConnection() {
            boolean secrets = authentication != null || !secretHeaders.isEmpty();
            if (secrets
                    && "http".equals(plan.base.getScheme())
                    && !allowsPlainHttp
                    && !isLoopback(plan.base.getHost())) {
                throw new IllegalStateException("secrets would go to " + plan.base
                        + " as plain text: use https, or say allowPlainHttp() if the network is trusted");
            }
            if (refusesPrivateAddresses && proxy != null) {
                throw new IllegalStateException(
                        "refusePrivateAddresses() and proxy(…) exclude each other: the proxy looks up addresses, let it refuse them");
            }
            if (sslContext != null && "http".equals(plan.base.getScheme())) {
                throw new IllegalStateException(
                        "sslContext(…) or clientCertificate(…) is said, but " + plan.base + " is not https");
            }
        }

        private static boolean isLoopback(String host) {
            if (host.equalsIgnoreCase("localhost")) {
                return true;
            }
            boolean literal = host.startsWith("[") || host.matches("[0-9.]+");
            try {
                return literal && InetAddress.getByName(host).isLoopbackAddress();
            } catch (UnknownHostException e) {
                return false;
            }
        }

        private String defaultName() {
            String host = plan.base.getHost().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]", "-");
            String name = plan.base.getPort() < 0 ? host : host + "-" + plan.base.getPort();
            return name.length() <= 100 ? name : name.substring(0, 100);
        }

        private static HttpTransport.Factory defaultTransport() {
            try {
                Class.forName(
                        "org.apache.hc.client5.http.impl.async.HttpAsyncClientBuilder",
                        false,
                        HttpDestination.class.getClassLoader());
                return HttpTransport.apache();
            } catch (ClassNotFoundException e) {
                return HttpTransport.jdk();
            }
        }

        @Override
        public String toString() {
            return "HttpDestination.Builder[" + Objects.requireNonNullElse(plan.name, plan.base.toString()) + "]";
        }
    }
}
