package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.Change;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.Cacheable;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.hibernate.annotations.Cache;
import org.hibernate.annotations.CacheConcurrencyStrategy;
import org.hibernate.boot.spi.SessionFactoryOptions;
import org.hibernate.cache.cfg.spi.DomainDataRegionBuildingContext;
import org.hibernate.cache.cfg.spi.DomainDataRegionConfig;
import org.hibernate.cache.spi.support.DomainDataStorageAccess;
import org.hibernate.cache.spi.support.RegionFactoryTemplate;
import org.hibernate.cache.spi.support.StorageAccess;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is read is what is committed, whatever the second-level cache still holds. */
class CacheTest {

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(
            database,
            Map.of(
                    "hibernate.cache.region.factory_class",
                    new MapRegions(),
                    "hibernate.cache.use_second_level_cache",
                    "true",
                    "hibernate.cache.use_query_cache",
                    "true"),
            Buyer.class,
            Purchase.class,
            Item.class);

    /** Regions that are maps. */
    static final class MapRegions extends RegionFactoryTemplate {

        private static final long serialVersionUID = 1L;

        @Override
        protected DomainDataStorageAccess createDomainDataStorageAccess(
                DomainDataRegionConfig region, DomainDataRegionBuildingContext context) {
            return new MapStorage();
        }

        @Override
        protected StorageAccess createQueryResultsRegionStorageAccess(
                String region, SessionFactoryImplementor factory) {
            return new MapStorage();
        }

        @Override
        protected StorageAccess createTimestampsRegionStorageAccess(String region, SessionFactoryImplementor factory) {
            return new MapStorage();
        }

        @Override
        protected void prepareForUse(SessionFactoryOptions settings, Map<String, Object> values) {}

        @Override
        protected void releaseFromUse() {}
    }

    /** One region. */
    private static final class MapStorage implements DomainDataStorageAccess {

        private final Map<Object, Object> values = new ConcurrentHashMap<>();

        @Override
        public @Nullable Object getFromCache(Object key, SharedSessionContractImplementor session) {
            return values.get(key);
        }

        @Override
        public void putIntoCache(Object key, Object value, SharedSessionContractImplementor session) {
            values.put(key, value);
        }

        @Override
        public boolean contains(Object key) {
            return values.containsKey(key);
        }

        @Override
        public void evictData() {
            values.clear();
        }

        @Override
        public void evictData(Object key) {
            values.remove(key);
        }

        @Override
        public void release() {}
    }

    @Entity(name = "Buyer")
    @Cacheable
    @Cache(usage = CacheConcurrencyStrategy.READ_WRITE)
    static class Buyer {
        @Id
        @Nullable
        Long id;

        @Nullable
        String name;

        public @Nullable String getName() {
            return name;
        }
    }

    @Entity(name = "Purchase")
    @Cacheable
    @Cache(usage = CacheConcurrencyStrategy.READ_WRITE)
    static class Purchase {
        @Id
        @Nullable
        Long id;

        @Nullable
        String status;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Buyer buyer;

        @OneToMany(mappedBy = "purchase")
        @Cache(usage = CacheConcurrencyStrategy.READ_WRITE)
        List<Item> items = new ArrayList<>();

        String show() {
            return status + " " + Objects.requireNonNull(buyer).getName() + " "
                    + items.stream().map(item -> item.product).sorted().toList();
        }
    }

    @Entity(name = "Item")
    @Cacheable
    @Cache(usage = CacheConcurrencyStrategy.READ_WRITE)
    static class Item {
        @Id
        @Nullable
        Long id;

        @Nullable
        String product;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Purchase purchase;
    }

    @BeforeEach
    void createAndCache() {
        unit.inTransaction(manager -> {
            Buyer buyer = new Buyer();
            buyer.id = 1L;
            buyer.name = "Ann";
            manager.persist(buyer);
            Purchase purchase = new Purchase();
            purchase.id = 2L;
            purchase.status = "new";
            purchase.buyer = buyer;
            manager.persist(purchase);
            Item item = new Item();
            item.id = 3L;
            item.product = "tea";
            item.purchase = purchase;
            manager.persist(item);
        });
        warm();
    }

    /** What another transaction of the application's caches. */
    private void warm() {
        unit.inTransaction(manager -> manager.find(Purchase.class, 2L).show());
    }

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    private String read(JpaEntities entities) throws Exception {
        return Objects.requireNonNull(entities.<Purchase, Long, String>read(
                Change.DEFAULT_TENANT,
                Purchase.class,
                List.of(2L),
                found -> Objects.requireNonNull(found.get(2L)).show()));
    }

    private String readByTheApplication() {
        return unit.factory.fromTransaction(
                session -> session.find(Purchase.class, 2L).show());
    }

    private void changeBehindTheCache() {
        database.execute("update Buyer set name = 'Bob'");
        database.execute("update Purchase set status = 'paid'");
        database.execute("update Item set product = 'chai'");
        database.execute("insert into Item (id, product, purchase_id) values (4, 'cocoa', 2)");
    }

    @Test
    void whatTheCacheHoldsIsNotRead() throws Exception {
        changeBehindTheCache();
        assertThat(readByTheApplication()).isEqualTo("new Ann [tea]");
        assertThat(read(JpaEntities.of(unit.factory))).isEqualTo("paid Bob [chai, cocoa]");
    }

    @Test
    void aQueryOfTheApplicationsReadsNoCacheEither() throws Exception {
        JpaEntities entities = JpaEntities.of(unit.factory)
                .loading(Purchase.class, "select p from Purchase p left join fetch p.buyer where p.id in (:ids)");
        assertThat(read(entities)).isEqualTo("new Ann [tea]");
        changeBehindTheCache();
        assertThat(read(entities)).isEqualTo("paid Bob [chai, cocoa]");
    }

    @Test
    void nothingIsPutIntoTheCache() throws Exception {
        unit.factory.getCache().evictAllRegions();
        read(JpaEntities.of(unit.factory));
        assertThat(unit.factory.getCache().containsEntity(Purchase.class, 2L)).isFalse();
        assertThat(unit.factory.getCache().containsEntity(Buyer.class, 1L)).isFalse();
        assertThat(unit.factory.getCache().containsCollection(Purchase.class.getName() + ".items", 2L))
                .isFalse();
        warm();
        assertThat(unit.factory.getCache().containsEntity(Purchase.class, 2L)).isTrue();
        assertThat(unit.factory.getCache().containsCollection(Purchase.class.getName() + ".items", 2L))
                .isTrue();
    }

    @Test
    void theApplicationKeepsWhatItHasCached() throws Exception {
        read(JpaEntities.of(unit.factory));
        assertThat(unit.factory.getCache().containsEntity(Purchase.class, 2L)).isTrue();
    }
}
