package io.syncmachine.jpa;

import io.syncmachine.jpa.ChangingCollection.Came;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.hibernate.HibernateException;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.AbstractCollectionEvent;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PostCollectionRecreateEvent;
import org.hibernate.event.spi.PostCollectionRecreateEventListener;
import org.hibernate.event.spi.PostCollectionRemoveEvent;
import org.hibernate.event.spi.PostCollectionRemoveEventListener;
import org.hibernate.event.spi.PostCollectionUpdateEvent;
import org.hibernate.event.spi.PostCollectionUpdateEventListener;
import org.hibernate.event.spi.PostDeleteEvent;
import org.hibernate.event.spi.PostDeleteEventListener;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.event.spi.PostUpdateEvent;
import org.hibernate.event.spi.PostUpdateEventListener;
import org.hibernate.event.spi.PostUpsertEvent;
import org.hibernate.event.spi.PostUpsertEventListener;
import org.hibernate.event.spi.PreCollectionRecreateEvent;
import org.hibernate.event.spi.PreCollectionRecreateEventListener;
import org.hibernate.event.spi.PreCollectionRemoveEvent;
import org.hibernate.event.spi.PreCollectionRemoveEventListener;
import org.hibernate.event.spi.PreCollectionUpdateEvent;
import org.hibernate.event.spi.PreCollectionUpdateEventListener;
import org.hibernate.event.spi.PreDeleteEvent;
import org.hibernate.event.spi.PreDeleteEventListener;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * The one listener of a session factory, and the captures that hear through it: Hibernate cannot take a listener out again, and refuses
 * a second one of the same class.
 */
final class HibernateListener
        implements PostInsertEventListener,
                PostUpdateEventListener,
                PostDeleteEventListener,
                PostUpsertEventListener,
                PostCollectionRecreateEventListener,
                PostCollectionUpdateEventListener,
                PostCollectionRemoveEventListener,
                PreDeleteEventListener,
                PreCollectionRecreateEventListener,
                PreCollectionUpdateEventListener,
                PreCollectionRemoveEventListener {

    private static final long serialVersionUID = 1L;
    private static final MethodHandle SESSION_OF_INSERT = sessionOf(PostInsertEvent.class);
    private static final MethodHandle SESSION_OF_UPDATE = sessionOf(PostUpdateEvent.class);
    private static final MethodHandle SESSION_OF_DELETE = sessionOf(PostDeleteEvent.class);
    private static final MethodHandle SESSION_OF_PRE_DELETE = sessionOf(PreDeleteEvent.class);
    private static final MethodHandle SESSION_OF_UPSERT = sessionOf(PostUpsertEvent.class);

    private final transient List<ChangeCapture> captures = new CopyOnWriteArrayList<>();

    private HibernateListener() {}

    /** The factory's; registered if there is none yet. */
    static HibernateListener of(SessionFactoryImplementor factory) {
        EventListenerRegistry registry = factory.getEventEngine().getListenerRegistry();
        synchronized (registry) {
            List<HibernateListener> found = new ArrayList<>();
            registry.getEventListenerGroup(EventType.POST_INSERT).fireEventOnEachListener(found, (listener, result) -> {
                if (listener instanceof HibernateListener own) {
                    result.add(own);
                }
            });
            return found.isEmpty() ? register(registry) : found.get(0);
        }
    }

    private static HibernateListener register(EventListenerRegistry registry) {
        HibernateListener listener = new HibernateListener();
        registry.appendListeners(EventType.POST_INSERT, listener);
        registry.appendListeners(EventType.POST_UPDATE, listener);
        registry.appendListeners(EventType.POST_DELETE, listener);
        registry.appendListeners(EventType.POST_UPSERT, listener);
        registry.appendListeners(EventType.POST_COLLECTION_RECREATE, listener);
        registry.appendListeners(EventType.POST_COLLECTION_UPDATE, listener);
        registry.appendListeners(EventType.POST_COLLECTION_REMOVE, listener);
        registry.appendListeners(EventType.PRE_DELETE, listener);
        registry.appendListeners(EventType.PRE_COLLECTION_RECREATE, listener);
        registry.appendListeners(EventType.PRE_COLLECTION_UPDATE, listener);
        registry.appendListeners(EventType.PRE_COLLECTION_REMOVE, listener);
        return listener;
    }

    void add(ChangeCapture capture) {
        captures.add(capture);
    }

    void remove(ChangeCapture capture) {
        captures.remove(capture);
    }

    /** Hibernate 7 changed the type that getSession answers, and so the method that a compiled call looks for. */
    private static MethodHandle sessionOf(Class<?> event) {
        try {
            return MethodHandles.publicLookup()
                    .unreflect(event.getMethod("getSession"))
                    .asType(MethodType.methodType(SharedSessionContractImplementor.class, event));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static @Nullable SharedSessionContractImplementor session(MethodHandle sessionOf, Object event) {
        try {
            SharedSessionContractImplementor session = (SharedSessionContractImplementor) sessionOf.invoke(event);
            return session == null ? StatelessWrites.session() : session;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new HibernateException("the event's session cannot be read", e);
        }
    }

    private void tell(Consumer<ChangeCapture> event) {
        captures.forEach(event);
    }

    @Override
    public boolean requiresPostCommitHandling(EntityPersister persister) {
        return false;
    }

    @Override
    public void onPostInsert(PostInsertEvent event) {
        SharedSessionContractImplementor session = session(SESSION_OF_INSERT, event);
        tell(capture -> capture.inserted(event, session));
    }

    @Override
    public void onPostUpdate(PostUpdateEvent event) {
        SharedSessionContractImplementor session = session(SESSION_OF_UPDATE, event);
        tell(capture -> capture.updated(event, session));
    }

    @Override
    public void onPostDelete(PostDeleteEvent event) {
        SharedSessionContractImplementor session = session(SESSION_OF_DELETE, event);
        tell(capture -> capture.deleted(event, session));
    }

    @Override
    public void onPostUpsert(PostUpsertEvent event) {
        SharedSessionContractImplementor session = session(SESSION_OF_UPSERT, event);
        tell(capture -> capture.upserted(event, session));
    }

    @Override
    public void onPostRecreateCollection(PostCollectionRecreateEvent event) {
        onCollection(event);
    }

    @Override
    public void onPostUpdateCollection(PostCollectionUpdateEvent event) {
        onCollection(event);
    }

    @Override
    public void onPostRemoveCollection(PostCollectionRemoveEvent event) {
        onCollection(event);
    }

    /** Never vetoes. */
    @Override
    public boolean onPreDelete(PreDeleteEvent event) {
        SharedSessionContractImplementor session = session(SESSION_OF_PRE_DELETE, event);
        tell(capture -> capture.deleting(event, session));
        return false;
    }

    @Override
    public void onPreRecreateCollection(PreCollectionRecreateEvent event) {
        tell(capture -> capture.collectionChanging(event, Came.ALL));
    }

    @Override
    public void onPreUpdateCollection(PreCollectionUpdateEvent event) {
        tell(capture -> capture.collectionChanging(event, Came.SOME));
    }

    @Override
    public void onPreRemoveCollection(PreCollectionRemoveEvent event) {
        tell(capture -> capture.collectionChanging(event, Came.NONE));
    }

    private void onCollection(AbstractCollectionEvent event) {
        tell(capture -> capture.collectionChanged(event));
    }
}
