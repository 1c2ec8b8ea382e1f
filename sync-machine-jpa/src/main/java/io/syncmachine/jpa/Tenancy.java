package io.syncmachine.jpa;

import io.syncmachine.spi.Change;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.metamodel.Attribute;
import jakarta.persistence.metamodel.EntityType;
import java.lang.reflect.AnnotatedElement;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.TenantId;
import org.hibernate.context.spi.CurrentTenantIdentifierResolver;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.metamodel.MappingMetamodel;
import org.hibernate.type.descriptor.java.JavaType;
import org.jspecify.annotations.Nullable;

/**
 * To which tenant entities and sessions belong. An entity's own tenant counts before that of the session, which may be one that sees
 * all of them.
 */
final class Tenancy {

    private final SessionFactoryImplementor factory;
    private final @Nullable Function<Object, String> byEntity;
    private final Map<Class<?>, String> attributes = new HashMap<>();

    Tenancy(EntityManagerFactory factory, @Nullable Function<Object, String> byEntity) {
        this.factory = factory.unwrap(SessionFactoryImplementor.class);
        this.byEntity = byEntity;
        for (EntityType<?> entity : factory.getMetamodel().getEntities()) {
            for (Attribute<?, ?> attribute : entity.getAttributes()) {
                if (attribute.getJavaMember() instanceof AnnotatedElement member
                        && member.isAnnotationPresent(TenantId.class)) {
                    attributes.put(entity.getJavaType(), attribute.getName());
                }
            }
        }
    }

    /**
     * The attribute by which rows of a class tell whose they are; null if there are no tenants.
     *
     * @throws IllegalArgumentException if something else tells it
     */
    @Nullable
    String attribute(Class<?> type) {
        String attribute = attributes.get(type);
        if (byEntity != null || (attribute == null && factory.getCurrentTenantIdentifierResolver() != null)) {
            throw new IllegalArgumentException("rows of " + type.getSimpleName()
                    + " do not tell the tenant, so that no trigger can; let a @TenantId attribute tell it");
        }
        return attribute;
    }

    /** Whose an entity is. */
    String of(@Nullable SharedSessionContractImplementor session, Class<?> type, Object entity) {
        if (byEntity != null) {
            return byEntity.apply(entity);
        }
        String attribute = attributes.get(type);
        if (attribute != null) {
            MappingMetamodel mappings = factory.getMappingMetamodel();
            Object value = mappings.getEntityDescriptor(type).getPropertyValue(entity, attribute);
            if (value != null) {
                return text(value);
            }
        }
        return of(session);
    }

    /** On whose behalf a session works, or what the current thread does where there is none. */
    String of(@Nullable SharedSessionContractImplementor session) {
        Object value = session == null ? current() : session.getTenantIdentifierValue();
        return value == null ? Change.DEFAULT_TENANT : text(value);
    }

    private @Nullable Object current() {
        CurrentTenantIdentifierResolver<Object> resolver = factory.getCurrentTenantIdentifierResolver();
        return resolver == null ? null : resolver.resolveCurrentTenantIdentifier();
    }

    /** Opens a session that sees what a tenant's do. */
    EntityManager open(String tenant) {
        boolean bySession = byEntity == null
                && (!tenant.equals(Change.DEFAULT_TENANT)
                        || factory.getCurrentTenantIdentifierResolver() != null
                        || !attributes.isEmpty());
        if (!bySession) {
            return factory.createEntityManager();
        }
        SessionFactory sessions = factory;
        return sessions.withOptions().tenantIdentifier(value(tenant)).openSession();
    }

    /** Hibernate knows the class of tenant identifiers only from an attribute; else they must be text. */
    private Object value(String tenant) {
        JavaType<Object> type = factory.getTenantIdentifierJavaType();
        return type.getJavaTypeClass() == Object.class ? tenant : type.fromString(tenant);
    }

    /** Whether only an entity itself tells whose it is. */
    boolean isByFunction() {
        return byEntity != null;
    }

    /** Whether an entity that was read is the tenant's: only where sessions do not see to that themselves. */
    boolean isOf(String tenant, Object entity) {
        return byEntity == null || byEntity.apply(entity).equals(tenant);
    }

    private String text(Object value) {
        if (value instanceof String text) {
            return text;
        }
        JavaType<Object> type = factory.getTenantIdentifierJavaType();
        if (type.getJavaTypeClass() == Object.class) {
            throw new IllegalArgumentException(
                    "tenant identifiers must be text, or those of a @TenantId attribute, but '" + value + "' is of "
                            + value.getClass().getName());
        }
        return type.toString(value);
    }
}
