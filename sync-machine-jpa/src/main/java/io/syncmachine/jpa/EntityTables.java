package io.syncmachine.jpa;

import io.syncmachine.spi.IdPieces;
import io.syncmachine.spi.TableMapping;
import io.syncmachine.spi.TableMapping.Column;
import io.syncmachine.spi.TableMapping.Discriminator;
import io.syncmachine.spi.TableMapping.Form;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import io.syncmachine.spi.TableMapping.Reference;
import io.syncmachine.spi.TableMapping.Role;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.metamodel.mapping.AttributeMapping;
import org.hibernate.metamodel.mapping.AttributeMappingsList;
import org.hibernate.metamodel.mapping.BasicEntityIdentifierMapping;
import org.hibernate.metamodel.mapping.BasicValuedModelPart;
import org.hibernate.metamodel.mapping.CompositeIdentifierMapping;
import org.hibernate.metamodel.mapping.EmbeddableMappingType;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.metamodel.mapping.EntityMappingType;
import org.hibernate.metamodel.mapping.ForeignKeyDescriptor;
import org.hibernate.metamodel.mapping.JdbcMapping;
import org.hibernate.metamodel.mapping.MappingType;
import org.hibernate.metamodel.mapping.NonAggregatedIdentifierMapping;
import org.hibernate.metamodel.mapping.PluralAttributeMapping;
import org.hibernate.metamodel.mapping.SelectableMapping;
import org.hibernate.metamodel.mapping.TableDetails;
import org.hibernate.metamodel.mapping.internal.ToOneAttributeMapping;
import org.hibernate.persister.collection.AbstractCollectionPersister;
import org.hibernate.persister.collection.CollectionPersister;
import org.hibernate.persister.entity.AbstractEntityPersister;
import org.hibernate.persister.entity.JoinedSubclassEntityPersister;
import org.hibernate.persister.entity.SingleTableEntityPersister;
import org.hibernate.persister.entity.UnionSubclassEntityPersister;
import org.jspecify.annotations.Nullable;

/** Where Hibernate's mapping has entities: their tables and columns. For one call. */
final class EntityTables {

    private final SessionFactoryImplementor factory;
    private final Map<Class<?>, MappedEntity<?, ?>> mapped;
    private final Map<Class<?>, Set<String>> asText;
    private final @Nullable String tenantAttribute;
    private final boolean folded;

    /**
     * Makes one.
     *
     * @param mapped all entities
     * @param asText the properties that are compared as text
     * @param tenantAttribute the property that tells the tenant
     */
    EntityTables(
            SessionFactoryImplementor factory,
            Map<Class<?>, MappedEntity<?, ?>> mapped,
            Map<Class<?>, Set<String>> asText,
            @Nullable String tenantAttribute) {
        this.factory = factory;
        this.mapped = mapped;
        this.asText = asText;
        this.tenantAttribute = tenantAttribute;
        this.folded = factory.getJdbcServices().getDialect() instanceof PostgreSQLDialect;
    }

    /** Of a class and its subclasses. */
    List<TableMapping> of(MappedEntity<?, ?> entity) {
        List<TableMapping> tables = new ArrayList<>();
        for (MappedEntity<?, ?> one : mapped.values()) {
            if (entity.type().isAssignableFrom(one.type())) {
                tables.addAll(new OneEntity(one, entity).tables());
            }
        }
        return tables;
    }

    private AbstractEntityPersister persister(Class<?> type) {
        return (AbstractEntityPersister) factory.getMappingMetamodel().getEntityDescriptor(type);
    }

    /** A table's name and schema, as the catalogue has them. */
    private record TableName(@Nullable String schema, String name) {}

    private TableName tableName(String rendered) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        char quote = 0;
        for (int i = 0; i < rendered.length(); i++) {
            char c = rendered.charAt(i);
            if (quote != 0 ? c == quote : c == '"' || c == '`') {
                quote = quote == 0 ? c : 0;
                part.append(c);
            } else if (c == '.' && quote == 0) {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        String schema = parts.size() > 1 ? catalogued(parts.get(parts.size() - 2)) : null;
        return new TableName(schema, catalogued(parts.get(parts.size() - 1)));
    }

    /** Without quotes; PostgreSQL's catalogue has other names in lower case. */
    private String catalogued(String name) {
        if (name.length() > 1 && (name.charAt(0) == '"' || name.charAt(0) == '`')) {
            String quote = name.substring(0, 1);
            return name.substring(1, name.length() - 1).replace(quote + quote, quote);
        }
        return folded ? name.toLowerCase(Locale.ROOT) : name;
    }

    private List<String> columns(String @Nullable [] names) {
        List<String> columns = new ArrayList<>();
        for (String name : names == null ? new String[0] : names) {
            if (name != null) {
                columns.add(catalogued(name));
            }
        }
        return columns;
    }

    /** How an entity's id is written, from the columns of its own table. */
    private IdText idText(MappedEntity<?, ?> entity) {
        EntityIdentifierMapping id = persister(entity.type()).getIdentifierMapping();
        try {
            if (id instanceof CompositeIdentifierMapping composite) {
                return new IdText(object(composite.getMappedIdEmbeddableTypeDescriptor()));
            }
            if (id instanceof BasicEntityIdentifierMapping basic) {
                checkPlain(basic.getJdbcMapping(), entity.idType());
                return IdPieces.single(entity.idType(), catalogued(basic.getSelectionExpression()));
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the id of " + entity.name() + ": " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("the id of " + entity.name() + " is in no columns that can be told");
    }

    private List<Piece> object(EmbeddableMappingType type) {
        Map<String, List<Piece>> parts = new TreeMap<>();
        AttributeMappingsList attributes = type.getAttributeMappings();
        for (int i = 0; i < attributes.size(); i++) {
            AttributeMapping attribute = attributes.get(i);
            MappingType mappedType = attribute.getMappedType();
            if (mappedType instanceof EmbeddableMappingType nested) {
                parts.put(attribute.getAttributeName(), object(nested));
            } else if (attribute instanceof BasicValuedModelPart basic) {
                Class<?> java = mappedType.getMappedJavaType().getJavaTypeClass();
                checkPlain(basic.getJdbcMapping(), java);
                parts.put(
                        attribute.getAttributeName(), IdPieces.json(java, catalogued(basic.getSelectionExpression())));
            } else {
                throw new IllegalArgumentException(
                        "its part '" + attribute.getAttributeName() + "' is in no column of its own");
            }
        }
        return IdPieces.object(parts);
    }

    /** The column holds the value as it is, or the name of an enum's. */
    private static void checkPlain(JdbcMapping mapping, Class<?> type) {
        if (mapping.getValueConverter() != null
                || (type.isEnum() && !mapping.getJdbcType().isString())) {
            throw new IllegalArgumentException("its values of type " + type.getName()
                    + " are converted to those of a column, which no database knows");
        }
    }

    /** The same id in other columns, which are in the same order. */
    private static IdText moved(IdText id, List<String> from, List<String> to) {
        if (from.size() != to.size() || !from.containsAll(id.columns())) {
            throw new IllegalArgumentException("the columns " + to + " do not hold the id that is in " + from);
        }
        return new IdText(id.pieces().stream()
                .map(piece -> piece.form() == Form.LITERAL
                        ? piece
                        : new Piece(piece.form(), to.get(from.indexOf(piece.text()))))
                .toList());
    }

    private List<String> idColumns(MappedEntity<?, ?> entity) {
        List<String> columns = new ArrayList<>();
        persister(entity.type())
                .getIdentifierMapping()
                .forEachSelectable((index, selectable) -> columns.add(catalogued(selectable.getSelectionExpression())));
        return columns;
    }

    /** One class of a hierarchy, which is listened to by itself or by a superclass. */
    private final class OneEntity {

        private final MappedEntity<?, ?> entity;
        private final MappedEntity<?, ?> listened;
        private final AbstractEntityPersister persister;
        /** Properties by table. */
        private final Map<String, Map<String, List<Column>>> properties = new LinkedHashMap<>();

        private final Map<String, Map<String, Reference>> references = new LinkedHashMap<>();
        private final List<TableMapping> collections = new ArrayList<>();

        OneEntity(MappedEntity<?, ?> entity, MappedEntity<?, ?> listened) {
            this.entity = entity;
            this.listened = listened;
            this.persister = persister(entity.type());
        }

        List<TableMapping> tables() {
            if (persister instanceof UnionSubclassEntityPersister
                    && Modifier.isAbstract(entity.type().getModifiers())) {
                return List.of();
            }
            addId();
            addAll(persister.getAttributeMappings(), "");
            List<TableMapping> tables = new ArrayList<>(collections);
            if (persister instanceof JoinedSubclassEntityPersister) {
                joined(tables);
            } else {
                String own = persister instanceof UnionSubclassEntityPersister
                        ? persister.getRootTableName()
                        : persister.getIdentifierTableDetails().getTableName();
                tables.add(table(own, Role.ENTITY, idText(entity), discriminator()));
                persister.forEachMutableTable(other -> {
                    if (!other.getTableName().equals(own) && properties.containsKey(other.getTableName())) {
                        tables.add(part(other));
                    }
                });
            }
            return tables;
        }

        /** So that each property is in some table; the id of a row that is updated never differs. */
        private void addId() {
            EntityIdentifierMapping id = persister.getIdentifierMapping();
            if (id instanceof NonAggregatedIdentifierMapping several) {
                addAll(several.getVirtualIdEmbeddable().getAttributeMappings(), "");
            } else {
                id.forEachSelectable((index, selectable) -> addColumn(id.getAttributeName(), selectable));
            }
        }

        /** The table of the class that is listened to says which entities there are, those of other classes hold parts of them. */
        private void joined(List<TableMapping> tables) {
            AbstractEntityPersister top = persister(listened.type());
            String creates = top.getMappedTableDetails().getTableName();
            persister.forEachMutableTable(other -> {
                boolean isTop = other.getTableName().equals(creates);
                if (isTop && entity.equals(listened)) {
                    tables.add(table(
                            creates, Role.ENTITY, moved(idText(entity), idColumns(entity), keyColumns(other)), null));
                } else if (!isTop && properties.containsKey(other.getTableName())) {
                    tables.add(part(other));
                }
            });
        }

        private TableMapping part(TableDetails other) {
            return table(
                    other.getTableName(), Role.PART, moved(idText(entity), idColumns(entity), keyColumns(other)), null);
        }

        private List<String> keyColumns(TableDetails table) {
            List<String> columns = new ArrayList<>();
            table.getKeyDetails().forEachKeyColumn((index, column) -> columns.add(catalogued(column.getColumnName())));
            return columns;
        }

        private TableMapping table(String rendered, Role role, IdText id, @Nullable Discriminator discriminator) {
            TableName name = tableName(rendered);
            Map<String, List<Column>> held = new TreeMap<>(properties.getOrDefault(rendered, Map.of()));
            String tenant = null;
            if (tenantAttribute != null) {
                List<Column> columns = held.remove(tenantAttribute);
                tenant = columns == null ? null : columns.get(0).name();
                if (tenant == null) {
                    throw new IllegalArgumentException("the tenant of " + entity.name() + " is not in the table "
                            + name.name() + ", where its changes would have to tell it");
                }
            }
            return new TableMapping(
                    entity.name(),
                    name.schema(),
                    name.name(),
                    role,
                    id,
                    held,
                    references.getOrDefault(rendered, Map.of()),
                    tenant,
                    discriminator);
        }

        private @Nullable Discriminator discriminator() {
            boolean alone = persister.getSubclassEntityNames().size() == 1 && persister.getSuperMappingType() == null;
            String column = persister.getDiscriminatorColumnName();
            if (!(persister instanceof SingleTableEntityPersister) || alone || column == null) {
                return null;
            }
            String value = persister.getDiscriminatorSQLValue();
            if (value == null || value.equals("null") || value.equals("not null")) {
                throw new IllegalArgumentException("rows of " + entity.name() + " are those whose discriminator is "
                        + value + "; give it a value of its own");
            }
            return new Discriminator(catalogued(column), value.replaceAll("^'|'$", ""));
        }

        private void addAll(AttributeMappingsList attributes, String prefix) {
            for (int i = 0; i < attributes.size(); i++) {
                add(attributes.get(i), prefix + attributes.get(i).getAttributeName());
            }
        }

        private void add(AttributeMapping attribute, String path) {
            if (attribute instanceof PluralAttributeMapping plural) {
                addCollection(plural, path);
                return;
            }
            attribute.forEachSelectable((index, selectable) -> addColumn(path, selectable));
            if (attribute.getMappedType() instanceof EmbeddableMappingType embeddable) {
                addAll(embeddable.getAttributeMappings(), path + '.');
            } else if (attribute instanceof ToOneAttributeMapping toOne) {
                addReference(toOne, path);
            }
        }

        private void addColumn(String path, SelectableMapping selectable) {
            if (!selectable.isFormula()) {
                String table = persister instanceof UnionSubclassEntityPersister
                        ? persister.getRootTableName()
                        : selectable.getContainingTableExpression();
                Column column = new Column(catalogued(selectable.getSelectionExpression()), isComparedAsText(path));
                properties
                        .computeIfAbsent(table, key -> new TreeMap<>())
                        .computeIfAbsent(path, key -> new ArrayList<>())
                        .add(column);
            }
        }

        private boolean isComparedAsText(String path) {
            return asText.entrySet().stream()
                    .anyMatch(entry -> entry.getKey().isAssignableFrom(entity.type())
                            && entry.getValue().contains(path));
        }

        private void addReference(ToOneAttributeMapping toOne, String path) {
            EntityMappingType target = toOne.getAssociatedEntityMappingType();
            MappedEntity<?, ?> pointedTo = mapped.get(target.getMappedJavaType().getJavaTypeClass());
            if (pointedTo == null
                    || toOne.getSideNature() != ForeignKeyDescriptor.Nature.KEY
                    || !toOne.isReferenceToPrimaryKey()) {
                return;
            }
            List<String> columns = new ArrayList<>();
            List<String> tables = new ArrayList<>();
            toOne.forEachSelectable((index, selectable) -> {
                columns.add(catalogued(selectable.getSelectionExpression()));
                tables.add(
                        persister instanceof UnionSubclassEntityPersister
                                ? persister.getRootTableName()
                                : selectable.getContainingTableExpression());
            });
            references
                    .computeIfAbsent(tables.get(0), key -> new TreeMap<>())
                    .put(
                            path,
                            new Reference(pointedTo.type(), moved(idText(pointedTo), idColumns(pointedTo), columns)));
        }

        /** The owning side of a collection has a table of its own, or its key is in the table of the elements. */
        private void addCollection(PluralAttributeMapping plural, String path) {
            CollectionPersister collection = plural.getCollectionDescriptor();
            if (collection.isInverse() || !(collection instanceof AbstractCollectionPersister known)) {
                return;
            }
            if (tenantAttribute != null) {
                throw new IllegalArgumentException("the collection " + entity.name() + "." + path
                        + " has a table of its own, which does not tell the tenant");
            }
            List<String> key = columns(known.getKeyColumnNames());
            List<String> columns = new ArrayList<>(columns(known.getIndexColumnNames()));
            columns.addAll(collection.isOneToMany() ? key : columns(known.getElementColumnNames()));
            TableName name = tableName(known.getTableName());
            Map<String, List<Column>> held = new TreeMap<>();
            List<Column> all = columns.stream()
                    .distinct()
                    .map(column -> new Column(column, isComparedAsText(path)))
                    .toList();
            for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
                held.put(path.substring(0, dot), all);
            }
            held.put(path, all);
            collections.add(new TableMapping(
                    entity.name(),
                    name.schema(),
                    name.name(),
                    Role.PART,
                    moved(idText(entity), idColumns(entity), key),
                    held,
                    Map.of(),
                    null,
                    null));
        }
    }
}
