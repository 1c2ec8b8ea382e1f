package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.model.Filters;
import io.syncmachine.spi.EntityDescription;
import java.util.List;
import org.bson.Document;
import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.codecs.pojo.annotations.BsonProperty;
import org.bson.types.ObjectId;
import org.junit.jupiter.api.Test;

/** What can be declared of entities. */
class MongoEntitiesBuilderTest {

    public record Geo(double lat) {}

    public record Address(String city, Geo geo) {}

    public record Line(int quantity) {}

    public record Order(
            @BsonId Long id,
            @BsonProperty("s") String status,
            Address address,
            List<Line> lines,
            ObjectId customerId) {}

    private record Article(Document document) {}

    private static MongoEntities.Builder builder() {
        return MongoEntities.builder(TestMongo.client(), TestMongo.client().getDatabase("nowhere"));
    }

    @Test
    void propertiesAreThePathsInTheDocument() {
        EntityDescription<Order, ?> order = builder()
                .entity(Order.class, Long.class, "orders", Order::id)
                .build()
                .describe(Order.class);

        assertThat(order.properties())
                .containsExactlyInAnyOrder(
                        "s",
                        "address",
                        "address.city",
                        "address.geo",
                        "address.geo.lat",
                        "lines",
                        "lines.quantity",
                        "customerId");
        assertThat(order.idType()).isEqualTo(Long.class);
    }

    @Test
    void anEntityMayBeMadeOfADocument() throws Exception {
        MongoEntities entities = MongoEntities.builder(TestMongo.client(), TestMongo.newDatabase())
                .entity(
                        Article.class,
                        String.class,
                        "articles",
                        article -> article.document().getString("_id"),
                        article -> article.name("article")
                                .properties("title", "price.amount")
                                .from(Article::new))
                .build();

        assertThat(entities.describe(Article.class).names()).containsExactly("article");
        assertThat(entities.describe(Article.class).properties()).containsExactlyInAnyOrder("title", "price.amount");
        assertThat(entities.refer(null, new Article(new Document("_id", "a-1"))).id())
                .isEqualTo("a-1");
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> builder().build()).hasMessageContaining("call entity");
        assertThatThrownBy(() -> builder().prefix("a b")).hasMessageContaining("'a b'");
        assertThatThrownBy(() -> builder()
                        .entity(Order.class, Long.class, "orders", Order::id)
                        .entity(Order.class, Long.class, "others", Order::id))
                .hasMessageContaining("declared twice");
        assertThatThrownBy(() -> builder()
                        .entity(Order.class, Long.class, "orders", Order::id)
                        .entity(Article.class, String.class, "orders", article -> "", one -> one.from(Article::new)))
                .hasMessageContaining("'orders'")
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> builder().entity(Thread.class, String.class, "threads", Thread::getName))
                .hasMessageContaining("no codec for java.lang.Thread")
                .hasMessageContaining("from(");
    }

    @Test
    void otherDocumentsAreFoundOnlyWhereEntitiesAreRead() {
        assertThatThrownBy(() -> MongoEntities.find(
                        TestMongo.client().getDatabase("nowhere").getCollection("orders"), Filters.eq("_id", 1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("finders, publishWhen, build and handlers");
    }
}
