from django.urls import path

from sales import views

urlpatterns = [
    path("clients/<path:code>/orders/", views.client_orders, name="client-orders"),
    path("clients/<path:code>/invoices/", views.client_invoices, name="client-invoices"),
    path("invoices/<int:pk>/lines/", views.invoice_lines, name="invoice-lines"),
]
